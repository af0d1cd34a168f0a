#compdef parley
# Completion of parley for zsh.

_parley() {
  local -a lines values
  local kind line
  lines=("${(@f)$("${words[1]}" __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  kind=${lines[1]}
  [[ ${words[CURRENT]} == --*=* && $kind != values ]] && compset -P '*='
  case $kind in
    files) _files; return ;;
    dirs) _files -/; return ;;
  esac
  for line in "${(@)lines[2,-1]}"; do
    [[ -n $line ]] && values+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
  done
  _describe -V parley values
}

if [[ $funcstack[1] == _parley ]]; then
  _parley "$@"
else
  compdef _parley parley
fi
