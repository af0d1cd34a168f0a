# Types a word and a tab at a zsh, and ends well once it shows the text: words.zsh DIR TYPED SHOWN.
# zsh completes at a terminal alone, so one is made for it.
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1=; unsetopt zle_bracketed_paste; fpath=(${(q)1} \$fpath); autoload -U compinit; compinit -u -D; echo rea\"\"dy"
zpty -r shell out '*ready*'
zpty -w -n shell "$2"$'\t'
zpty -r shell out "*$3*"
