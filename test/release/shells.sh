# Completes words in the three shells, with the scripts of the archive, and reads the manual pages as man does.
debian zsh zsh
debian fish fish
debian mandoc mandoc
bash_words() { bash -c 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _parley parley; echo "${COMPREPLY[*]}"' - "$work/archive/completions/parley.bash" "$@"; }
is() { [ "$2" = "$3" ] || fail "$1 completes to $2; want $3"; }
is "bash: fl" "$(bash_words parley fl)" flow
is "bash: serve --log-l" "$(bash_words parley serve --log-l)" --log-level
is "bash: serve --log-format=" "$(bash_words parley serve --log-format =)" "text json"
is "bash: serve --log-format=j" "$(bash_words parley serve --log-format = j)" json
is "bash: a file" "$(bash_words parley serve --config = "$work/archive/READ")" "$work/archive/README.md"
fish_words() { fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$work/archive/completions/parley.fish" "$1" | cut -f1 | xargs; }
is "fish: fl" "$(fish_words 'parley fl')" flow
is "fish: serve --log-l" "$(fish_words 'parley serve --log-l')" --log-level
is "fish: serve --log-format" "$(fish_words 'parley serve --log-format ')" "json text"
is "fish: serve --log-format=j" "$(fish_words 'parley serve --log-format=j')" --log-format=json
is "fish: a file" "$(fish_words "parley serve --config=$work/archive/READ")" "--config=$work/archive/README.md"
for line in "fl|flow" "serve --log-l|--log-level" "serve --log-format=j|--log-format=json"; do
  timeout 60 zsh -f test/release/words.zsh "$work/archive/completions" "parley ${line%|*}" "parley*${line#*|}" </dev/null || fail "zsh does not complete ${line%|*}"
done
for page in "$work"/archive/man/*.1; do
  complaint=$(mandoc -T lint -W warning "$page") || fail "$page: $complaint"
done
