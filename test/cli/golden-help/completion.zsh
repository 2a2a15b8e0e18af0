#compdef parley parley-chat
# Completes command lines of parley in zsh. In ~/.zshrc, after compinit: source <(parley --completions zsh)
_parley() {
  local -a lines choices
  local line text
  lines=("${(@f)$(_call_program parley "${(q)words[1]}" __complete "${(@q)words[2,CURRENT]}" 2>/dev/null)}")
  for line in "${(@)lines[2,-1]}"; do
    text="${line%%  *}"
    if [[ $line == *"  "* ]]; then
      choices+=("${text//:/\\:}:${line#*  }")
    else
      choices+=("${text//:/\\:}")
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
