# hook ENV TENANT OWNER FENCE TTL COLOUR KEY: runs a unit (standard input) once for a key. A repeated call waits
# for the first and gives its result. Where the host went down in between, nobody knows how far the command came,
# and that is a failure.
op_hook() {
  colour=$6 key=$7
  check_colour "$colour"
  check_digest "$key"
  scope "$1" "$2"
  make_home
  receive_unit "$home/hook.tmp.$$"
  claim "$1" "$2" "$3" "$4" "$5"
  need_slot "$colour"
  name=lotse-hook-$key.service
  result=$home/keys/$key.result
  boot=$(cat /proc/sys/kernel/random/boot_id)
  # What ended badly may be tried again; what ended well may not.
  if [ -e "$result" ] && [ "$(cat "$result")" != 0 ]; then
    rm -f "$result" "$home/keys/$key.begun"
  fi
  if [ ! -e "$result" ]; then
    if [ "$(cat "$home/keys/$key.begun" 2>/dev/null || echo "$boot")" = "$boot" ]; then
      # One that is at work, for a caller that was cut off, keeps what it has said so far.
      case $(systemctl show --property=ActiveState --value "$name" 2>/dev/null || true) in
        inactive | failed | '') rm -f "$home/keys/$key.raw" ;;
      esac
      mkdir -p "$runtime"
      : >"$home/releases/$(cat "$home/slots/$colour/release")/.touched"
      put_file "$runtime/$name" 644 <"$upload"
      printf '%s\n' "$boot" | put_file "$home/keys/$key.begun" 600
      load_unit "$name"
    else
      echo 'the end of the host, so nobody knows how far it came' | put_file "$result" 600
    fi
  fi
  # It may take long: others may have the lock meanwhile, and one with the same key waits for the same unit. A
  # unit that has left its result does not start again; it says so itself by a condition.
  done_with
  exec 9>&-
  [ -e "$result" ] || systemctl start "$name" 2>/dev/null || true
  [ -e "$result" ] || fail 76 "the command left no result"
  tail -n 20 "$home/keys/$key.out" 2>/dev/null || true
  rm -f "$runtime/$name"
  outcome=$(cat "$result")
  [ "$outcome" = 0 ] || fail 76 "it ended with $outcome"
}

# hook-ended ENV TENANT COLOUR KEY: what systemd calls when the unit of a hook is over, however that came.
op_hook_ended() {
  scope "$1" "$2"
  check_colour "$3"
  check_digest "$4"
  case ${SERVICE_RESULT:-} in
    success) outcome=0 ;;
    exit-code) outcome="status ${EXIT_STATUS:-unknown}" ;;
    signal | core-dump) outcome="signal ${EXIT_STATUS:-unknown}" ;;
    *) outcome=${SERVICE_RESULT:-unknown} ;;
  esac
  last_lines "$home/keys/$4.raw" 50 2>/dev/null | redact "$home/slots/$3/secrets" | put_file "$home/keys/$4.out" 600
  printf '%s\n' "$outcome" | put_file "$home/keys/$4.result" 600
  rm -f "$home/keys/$4.raw"
  # Results are needed as long as a step may be repeated.
  find "$home/keys" -type f -mtime +30 -exec rm -f {} + 2>/dev/null || true
}

# hook-stop ENV TENANT OWNER FENCE TTL KEY: ends a command that nobody waits for any more.
op_hook_stop() {
  check_digest "$6"
  claim "$1" "$2" "$3" "$4" "$5"
  systemctl stop "lotse-hook-$6.service" 2>/dev/null || true
  done_with
}

