# Completes command lines of parley in bash. In ~/.bashrc: source <(parley --completions bash)
_parley() {
  local IFS=$'\n' words=() word line kind="" text prefix="" at
  for ((at = 1; at <= COMP_CWORD; at++)); do
    word="${COMP_WORDS[at]}"
    if [[ ${#words[@]} -gt 0 && ( $word == "=" || ${words[${#words[@]} - 1]} == --*= ) ]]; then
      words[${#words[@]} - 1]+="$word"
    else
      words+=("$word")
    fi
  done
  local current="${words[${#words[@]} - 1]}" value
  value="$current"
  [[ $current == --*=* ]] && value="${current#*=}"
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ -z $kind ]]; then
      kind="$line"
    else
      text="${line%%  *}"
      [[ $text == "$value"* ]] && COMPREPLY+=("$(printf '%q' "$text")")
    fi
  done < <("${COMP_WORDS[0]/#\~/$HOME}" __complete "${words[@]}" 2>/dev/null)
  case $kind in
    files) COMPREPLY+=($(compgen -f -- "$value")) ;;
    folders) COMPREPLY+=($(compgen -d -- "$value")) ;;
    *) return ;;
  esac
  type compopt >/dev/null 2>&1 && compopt -o filenames
}
complete -F _parley parley parley-chat
