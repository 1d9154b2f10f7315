# ---- slots

has_traffic() {
  [ -s "$home/weights" ] || return 1
  read -r weight_blue weight_green rest <"$home/weights" || return 1
  case $1 in
    blue) [ "${weight_blue:-0}" != 0 ] ;;
    *) [ "${weight_green:-0}" != 0 ] ;;
  esac
}

refuse_traffic() {
  has_traffic "$1" || return 0
  fail 78 "$environment/$tenant/$1 has traffic"
}

end_unit() {
  unit=$(unit_of "$1")
  [ -e "$units/$unit" ] || return 0
  rm -f "$units/multi-user.target.wants/$unit"
  # What was never started is nothing to stop.
  if [ -d "$home/slots/$1" ] && [ ! -e "$home/slots/$1/started" ]; then
    return 0
  fi
  systemctl stop "$unit" || fail 76 "$unit does not stop"
  systemctl reset-failed "$unit" 2>/dev/null || true
}

# A reload makes systemd read every unit of the host again, so it comes only where systemd knows another content.
load_unit() {
  case $(systemctl show -p LoadState -p NeedDaemonReload "$1" 2>/dev/null) in
    *NeedDaemonReload=yes*) ;;
    *LoadState=loaded*) return 0 ;;
  esac
  systemctl daemon-reload
}

drop_slot() {
  end_unit "$1"
  unit=$(unit_of "$1")
  if [ -e "$units/$unit" ]; then
    rm -f "$units/$unit"
    [ "$(systemctl show -p LoadState --value "$unit" 2>/dev/null)" = not-found ] || systemctl daemon-reload
  fi
  rm -rf "${home:?}/slots/$1"
}

# put-slot ENV TENANT OWNER FENCE TTL COLOUR USER DIGEST KEEP: an archive with `unit`, `meta`, `.env`, `secrets`,
# and `files/` where there are any, for the service alone. Of releases in no slot the newest KEEP stay.
op_put_slot() {
  colour=$6 user=$7 digest=$8
  scope "$1" "$2"
  check_colour "$colour"
  check_digest "$digest"
  check_number "$9" keep
  make_home
  receive "$home/slots/$colour.upload" "$digest"
  claim "$1" "$2" "$3" "$4" "$5"
  refuse_traffic "$colour"
  ensure_user "$user"
  partial=$home/slots/$colour.partial.$$
  (umask 077 && mkdir "$partial" && tar -xzof "$upload" -C "$partial") 2>/dev/null ||
    fail 73 "cannot unpack the slot: the disk may be full"
  rm -f "$upload"
  files=$partial/files
  [ -d "$files" ] || files=
  chmod 711 "$partial"
  chmod -R u=rwX,go= "$partial"/* "$partial/.env"
  chown -R "$user:$(id -gn "$user")" "$partial/.env" ${files:+"$files"}
  find "$partial" -type f -exec sync {} + 2>/dev/null || sync
  end_unit "$colour"
  rm -rf "${home:?}/slots/$colour"
  put_file "$units/$(unit_of "$colour")" 644 <"$partial/unit"
  mv -T "$partial" "$home/slots/$colour" || fail 73 "cannot move the slot to its place"
  partial=
  to_disk "$home/slots"
  load_unit "$(unit_of "$colour")"
  prune "$9"
  done_with
}

need_slot() {
  if [ -e "$home/slots/$1/meta" ] && [ -e "$units/$(unit_of "$1")" ]; then
    return 0
  fi
  fail 78 "nothing is prepared in $environment/$tenant/$1"
}

op_start() {
  check_colour "$6"
  claim "$1" "$2" "$3" "$4" "$5"
  need_slot "$6"
  unit=$(unit_of "$6")
  # Only what ran may have come to rest after many crashes; and one that runs keeps the count of them.
  if [ ! -e "$home/slots/$6/started" ]; then
    # Before anything starts it, the end of the power included: what is not marked is not stopped.
    : >"$home/slots/$6/started"
    to_disk "$home/slots/$6"
  elif [ "$(systemctl show -p ActiveState --value "$unit")" != active ]; then
    systemctl reset-failed "$unit" 2>/dev/null || true
  fi
  # What `systemctl enable` does, without its reload of everything.
  mkdir -p "$units/multi-user.target.wants"
  ln -sf "../$unit" "$units/multi-user.target.wants/$unit"
  if ! systemctl start "$unit" 2>/dev/null; then
    fail 76 "$(printf '%s did not start\n' "$unit" && redacted "$6" "$unit")"
  fi
  done_with
}

op_stop() {
  check_colour "$6"
  claim "$1" "$2" "$3" "$4" "$5"
  refuse_traffic "$6"
  end_unit "$6"
  done_with
}

op_retire() {
  check_colour "$6"
  claim "$1" "$2" "$3" "$4" "$5"
  refuse_traffic "$6"
  drop_slot "$6"
  done_with
}

# The last lines of a unit, without the slot's secrets.
redacted() {
  last_words "$2" 20 | redact "$home/slots/$1/secrets"
}

redact() {
  if [ ! -s "$1" ]; then
    cat
    return 0
  fi
  awk -v list="$1" '
    BEGIN { while ((getline line < list) > 0) if (length(line) > 3) secret[++n] = line }
    {
      for (i = 1; i <= n; i++) {
        out = ""
        while ((at = index($0, secret[i])) > 0) {
          out = out substr($0, 1, at - 1) "[redacted]"
          $0 = substr($0, at + length(secret[i]))
        }
        $0 = out $0
      }
      print
    }'
}

op_words() {
  scope "$1" "$2"
  check_colour "$3"
  redacted "$3" "$(unit_of "$3")"
}

