#!/bin/sh
# Refuses what GRUB's own parser refuses: quotes, braces or conditions left open, and scripts without a command.
PATH=$SIMULATED_PATH
file=
for word; do case $word in -*) ;; *) file=$word ;; esac; done
if [ -n "$file" ] && [ ! -r "$file" ]; then
  echo "${0##*/}: error: cannot open file \`$file': No such file or directory." >&2
  exit 1
fi
awk -v name="$file" '
  { text = text $0 "\n" }
  END {
    quote = ""; depth = 0; conditions = 0; commands = 0; line = 1; word = ""
    for (at = 1; at <= length(text); at++) {
      char = substr(text, at, 1)
      if (char == "\n") line++
      if (quote != "") {
        if (quote == "\"" && char == "\\") at++
        else if (char == quote) quote = ""
        word = word "x"
        continue
      }
      if (char == "\\") { at++; word = word "x"; continue }
      if (char == "#" && word == "") {
        while (at < length(text) && substr(text, at + 1, 1) != "\n") at++
        continue
      }
      if (char == "\"" || char == "\047") { quote = char; continue }
      if (char ~ /[ \t\n;]/) {
        if (word == "if" || word == "while" || word == "until" || word == "for") { conditions++; commands++ }
        else if (word == "fi" || word == "done") { if (--conditions < 0) fail() }
        else if (word == "{") depth++
        else if (word == "}") { if (--depth < 0) fail() }
        else if (word != "") commands++
        word = ""
        continue
      }
      word = word char
    }
    if (quote != "" || depth != 0 || conditions != 0) { print "error: out of memory." > "/dev/stderr"; fail() }
    if (commands == 0) {
      printf "Script `%s\047 contains no commands and will do nothing\n", name > "/dev/stderr"
      exit 1
    }
  }
  function fail() {
    if (substr(text, at < length(text) ? at : length(text), 1) == "\n") line--
    print "error: syntax error." > "/dev/stderr"
    print "error: Incorrect command." > "/dev/stderr"
    print "error: syntax error." > "/dev/stderr"
    print "Syntax error at line " line > "/dev/stderr"
    exit 1
  }
' ${file:+"$file"}
