want() {
  [ "$1" = "$2" ] || fail 64 "wrong number of arguments"
}

at_least() {
  [ "$1" -le "$2" ] || fail 64 "wrong number of arguments"
}

at_least 1 $#
operation=$1
shift
# Not in a condition: there the shell would go on after a failure.
case $operation in
  put-release) at_least 8 $# && op=op_put_release ;;
  fetch-release) want 9 $# && op=op_fetch_release ;;
  ready) at_least 7 $# && op=op_ready ;;
  put-slot) want 9 $# && op=op_put_slot ;;
  start) want 6 $# && op=op_start ;;
  stop) want 6 $# && op=op_stop ;;
  retire) want 6 $# && op=op_retire ;;
  words) want 3 $# && op=op_words ;;
  hook) want 7 $# && op=op_hook ;;
  hook-ended) want 4 $# && op=op_hook_ended ;;
  hook-stop) want 6 $# && op=op_hook_stop ;;
  weights) want 7 $# && op=op_weights ;;
  listens) want 3 $# && op=op_listens ;;
  state) want 2 $# && op=op_state ;;
  ports) want 7 $# && op=op_ports ;;
  lb-put) want 9 $# && op=op_lb_put ;;
  lb-repair) want 1 $# && op=op_lb_repair ;;
  lb-state) want 5 $# && op=op_lb_state ;;
  look) want 5 $# && op=op_look ;;
  serve) want 0 $# && op=op_serve ;;
  take-listen) at_least 7 $# && op=op_take_listen ;;
  *) fail 64 "no such operation" ;;
esac
"$op" "$@"
