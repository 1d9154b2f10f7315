# ---- what the host remembers of the traffic

# weights ENV TENANT OWNER FENCE TTL BLUE GREEN: also switches `current`, by a rename, so that a reader never
# misses it.
op_weights() {
  check_number "$6" blue
  check_number "$7" green
  claim "$1" "$2" "$3" "$4" "$5"
  line="$6 $7"
  printf '%s %s\n' "$line" "$(printf '%s' "$line" | sha256sum | cut -d ' ' -f 1)" | put_file "$home/weights" 600
  if [ "$6" = 100 ]; then
    point_at blue
  elif [ "$7" = 100 ]; then
    point_at green
  fi
  done_with
}

point_at() {
  release=$(cat "$home/slots/$1/release" 2>/dev/null) || return 0
  check_word "$release" release
  [ "$(readlink "$home/current" 2>/dev/null)" != "releases/$release" ] || return 0
  rm -f "$home/current.tmp.$$"
  ln -s "releases/$release" "$home/current.tmp.$$"
  mv -fT "$home/current.tmp.$$" "$home/current" || fail 73 "cannot switch current"
  to_disk "$home"
}

# state ENV TENANT: everything that is asked about a tenant, from the files and from systemd. Changes nothing. It is
# asked before and after every step, so it starts few programs.
op_state() {
  scope "$1" "$2"
  tell_weights
  [ ! -s "$home/ports" ] || printf 'ports %s\n' "$(cat "$home/ports")"
  for each in "$home"/releases/*/.ready; do
    [ -e "$each" ] || continue
    each=${each%/.ready}
    [ ! -e "$each/.touched" ] || continue
    printf 'release %s\n' "${each##*/}"
  done
  filled='' slots=''
  for colour in blue green; do
    [ -s "$home/slots/$colour/meta" ] || continue
    printf 'meta %s %s\n' "$colour" "$(cat "$home/slots/$colour/meta")"
    [ ! -e "$home/slots/$colour/started" ] || printf 'started %s\n' "$colour"
    filled="$filled $colour"
    slots="$slots $(unit_of "$colour")"
  done
  tell_units
  printf 'end\n'
}

tell_weights() {
  [ -s "$home/weights" ] || return 0
  read -r blue green sum <"$home/weights" || true
  wanted=$(printf '%s %s' "$blue" "$green" | sha256sum)
  if [ "${wanted%% *}" = "$sum" ]; then
    printf 'weights %s %s\n' "$blue" "$green"
  else
    printf 'damaged weights\n'
  fi
}

# systemd tells of the units in the order in which they are named, with an empty line between.
tell_units() {
  [ -n "$slots" ] || return 0
  # shellcheck disable=SC2086 # names of units, of a safe alphabet
  systemctl show -p ActiveState -p SubState -p NRestarts -p MainPID -p Result -p ExecMainStatus $slots |
    awk -v filled="$filled" '
      BEGIN { split(filled, colour, " "); at = 1 }
      /^$/ { at++; next }
      { print "unit", colour[at], $0 }'
}

# ports ENV TENANT OWNER FENCE TTL FIRST LAST: two ports that stay the tenant's on this host.
op_ports() {
  check_number "$6" first
  check_number "$7" last
  claim "$1" "$2" "$3" "$4" "$5"
  if [ ! -s "$home/ports" ]; then
    first_port=$(take_port "$6" "$7" "$environment/$tenant/blue")
    second_port=$(take_port "$6" "$7" "$environment/$tenant/green")
    printf '%s %s\n' "$first_port" "$second_port" | put_file "$home/ports" 600
  fi
  cat "$home/ports"
  done_with
}

# listens ENV TENANT COLOUR: whether the service takes connections now.
op_listens() {
  scope "$1" "$2"
  check_colour "$3"
  [ -s "$home/ports" ] || return 0
  read -r blue green <"$home/ports"
  case $3 in
    blue) port=$blue ;;
    *) port=$green ;;
  esac
  if is_listening "$port"; then printf 'yes\n'; fi
}

# A port is taken by a file that only one can make; whoever made it before a crash finds it again.
take_port() {
  mkdir -p "$root/ports"
  port=$1
  while [ "$port" -le "$2" ]; do
    if (set -C && printf '%s\n' "$3" >"$root/ports/$port") 2>/dev/null; then
      if is_listening "$port"; then
        rm -f "$root/ports/$port"
      else
        printf '%s' "$port"
        return 0
      fi
    elif [ "$(cat "$root/ports/$port" 2>/dev/null)" = "$3" ]; then
      printf '%s' "$port"
      return 0
    fi
    port=$((port + 1))
  done
  fail 69 "no port from $1 to $2 is free on this host"
}

is_listening() {
  hex=$(printf ':%04X' "$1")
  cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v end="$hex" '$4 == "0A" && substr($2, length($2) - 4) == end { found = 1 } END { exit !found }'
}

# Removes releases, but never one that is in a slot or current, nor the newest of the others.
prune() {
  kept=0
  # shellcheck disable=SC2012,SC2045 # names are of a safe alphabet, and ls is what sorts by time
  for each in $(ls -1t "$home/releases" 2>/dev/null); do
    case $each in *.partial.*) continue ;; esac
    [ "$(readlink "$home/current" 2>/dev/null)" != "releases/$each" ] || continue
    [ "$(cat "$home/slots/blue/release" 2>/dev/null)" != "$each" ] || continue
    [ "$(cat "$home/slots/green/release" 2>/dev/null)" != "$each" ] || continue
    kept=$((kept + 1))
    [ "$kept" -le "$1" ] || rm -rf "${home:?}/releases/$each"
  done
}

