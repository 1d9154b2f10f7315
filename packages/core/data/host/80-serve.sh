# serve: operations one after another over one session, each as a line TOKEN LENGTH OPERATION ARGUMENTS with LENGTH
# bytes after it for the operation to read. What it wrote is ended by TOKEN on both streams, on a line of its own,
# with the exit status beside it on the first. It ends with its input.
op_serve() {
  set -f
  while read -r token length words; do
    check_word "$token" token
    check_number "$length" length
    status=0
    # shellcheck disable=SC2086 # the words of an operation, of a safe alphabet
    if [ "$length" = 0 ]; then
      "$0" $words </dev/null || status=$?
    else
      head -c "$length" | serve_one $words || status=$?
    fi
    printf '\n%s %s\n' "$token" "$status"
    printf '\n%s\n' "$token" >&2
  done
}

# Reads what the operation leaves, so that the next line begins where it should.
serve_one() {
  served=0
  "$0" "$@" || served=$?
  cat >/dev/null
  return "$served"
}

