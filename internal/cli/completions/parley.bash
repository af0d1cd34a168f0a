# Completion of parley for bash.

_parley() {
  local words=() word glue kind line cur i
  for ((i = 1; i <= COMP_CWORD; i++)); do # bash splits words at "="
    word=${COMP_WORDS[i]}
    if [[ $word == "=" && ${#words[@]} -gt 0 ]]; then
      words[${#words[@]} - 1]+="="
      glue=yes
    elif [[ -n $glue ]]; then
      words[${#words[@]} - 1]+=$word
      glue=
    else
      words+=("$word")
    fi
  done
  cur=${words[${#words[@]} - 1]}
  COMPREPLY=()
  {
    IFS= read -r kind
    while IFS=$'\t' read -r line _; do
      [[ $cur == --*=* ]] && line=${line#*=}
      COMPREPLY+=("$line")
    done
  } < <("$1" __complete -- "${words[@]}" 2>/dev/null)
  [[ $cur == --*=* ]] && cur=${cur#*=}
  case $kind in
    files) compopt -o filenames 2>/dev/null; while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$cur") ;;
    dirs) compopt -o filenames 2>/dev/null; while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -d -- "$cur") ;;
  esac
}

complete -F _parley parley
