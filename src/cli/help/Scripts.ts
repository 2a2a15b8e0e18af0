/**
 * What a shell sources to complete command lines of parley. Each script asks the program itself what a word can become
 * (`help/Complete` tells how it answers), so that there is one answer for all shells, and no script to renew with the
 * program. A script knows what only its shell knows: how to offer files, and where words end.
 */
export const scriptOf = (shell: string): string => SCRIPTS[shell] ?? ""

/** Bash splits words at `=` and `:`, and version 3, which macOS has, knows no `compopt`. */
const BASH = String.raw`# Completes command lines of parley in bash. In ~/.bashrc: source <(parley --completions bash)
_parley() {
  local IFS=$'\n' words=() word line kind="" text prefix="" at
  for ((at = 1; at <= COMP_CWORD; at++)); do
    word="${"$"}{COMP_WORDS[at]}"
    if [[ ${"$"}{#words[@]} -gt 0 && ( $word == "=" || ${"$"}{words[${"$"}{#words[@]} - 1]} == --*= ) ]]; then
      words[${"$"}{#words[@]} - 1]+="$word"
    else
      words+=("$word")
    fi
  done
  local current="${"$"}{words[${"$"}{#words[@]} - 1]}" value
  value="$current"
  [[ $current == --*=* ]] && value="${"$"}{current#*=}"
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ -z $kind ]]; then
      kind="$line"
    else
      text="${"$"}{line%%  *}"
      [[ $text == "$value"* ]] && COMPREPLY+=("$(printf '%q' "$text")")
    fi
  done < <("${"$"}{COMP_WORDS[0]/#\~/$HOME}" __complete "${"$"}{words[@]}" 2>/dev/null)
  case $kind in
    files) COMPREPLY+=($(compgen -f -- "$value")) ;;
    folders) COMPREPLY+=($(compgen -d -- "$value")) ;;
    *) return ;;
  esac
  type compopt >/dev/null 2>&1 && compopt -o filenames
}
complete -F _parley parley parley-chat
`

const ZSH = String.raw`#compdef parley parley-chat
# Completes command lines of parley in zsh. In ~/.zshrc, after compinit: source <(parley --completions zsh)
_parley() {
  local -a lines choices
  local line text
  lines=("${"$"}{(@f)$(_call_program parley "${"$"}{(q)words[1]}" __complete "${"$"}{(@q)words[2,CURRENT]}" 2>/dev/null)}")
  for line in "${"$"}{(@)lines[2,-1]}"; do
    text="${"$"}{line%%  *}"
    if [[ $line == *"  "* ]]; then
      choices+=("${"$"}{text//:/\\:}:${"$"}{line#*  }")
    else
      choices+=("${"$"}{text//:/\\:}")
    fi
  done
  [[ -prefix --*= ]] && compset -P '*='
  (( $#choices )) && _describe -V parley choices
  case $lines[1] in
    files) _files ;;
    folders) _files -/ ;;
  esac
  return 0
}
if [[ $funcstack[1] == _parley ]]; then
  _parley "$@"
else
  compdef _parley parley parley-chat
fi
`

const FISH = `# Completes command lines of parley in fish. In ~/.config/fish/config.fish:
#   parley --completions fish | source
function __parley_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l prefix (string match -r -- '^--[^=]+=' $current)
    test -n "$prefix"; or set prefix ''
    set -l value (string replace -r -- '^--[^=]+=' '' $current)
    set -l lines ($words[1] __complete $words[2..-1] $current 2>/dev/null)
    for line in $lines[2..-1]
        echo $prefix(string replace -- '  ' \\t $line)
    end
    switch "$lines[1]"
        case files
            __fish_complete_path $value | string replace -r -- '^' "$prefix"
        case folders
            __fish_complete_directories $value | string replace -r -- '^' "$prefix"
    end
end
complete -c parley -f -a '(__parley_complete)'
complete -c parley-chat -f -a '(__parley_complete)'
`

const SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH }
