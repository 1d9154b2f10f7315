# ---- HAProxy

backend_of() {
  printf 'lotse:%s:%s' "$environment" "$tenant"
}

sum_is_right() {
  [ -s "$1" ] || return 1
  wanted=$(sed '$d' "$1" | sha256sum)
  [ "$(tail -n 1 "$1")" = "# lotse-sha256 ${wanted%% *}" ]
}

balancer_file() {
  printf '%s/%s:%s.cfg' "$1" "$environment" "$tenant"
}

# Everything but shares: where two files agree in this, no reload is needed.
shape_of() {
  sed -e '/^# lotse-sha256 /d' -e 's/ weight [0-9]*//' -e 's/ disabled$//' "$1"
}

ask() {
  command -v socat >/dev/null || fail 69 "socat is not on this host; install it"
  printf '%s\n' "$2" | socat -t 5 - "UNIX-CONNECT:$1" 2>/dev/null
}

# lb-put ENV TENANT OWNER FENCE TTL DIRECTORY SOCKET MAIN SERVICE: the file of a tenant on standard input. The file
# counts, so it is written first; then the running HAProxy is brought in line.
op_lb_put() {
  directory=$6 socket=$7 main=$8 service=$9
  scope "$1" "$2"
  check_path "$directory"
  check_path "$socket"
  check_path "$main"
  check_word "$service" service
  make_home
  upload=$home/balancer.tmp.$$
  (umask 077 && cat >"$upload") || fail 73 "cannot write below $home: the disk may be full"
  sum_is_right "$upload" || fail 65 "what arrived is not what was sent"
  claim "$1" "$2" "$3" "$4" "$5"
  exec 8>"$root/.balancer"
  flock -w 60 8 || fail 75 "another operation on the balancer takes too long"
  mkdir -p "$directory" "$root/balancer"
  guard_start "$directory" "$service"
  file=$(balancer_file "$directory")
  if sum_is_right "$file" && [ "$(shape_of "$file")" = "$(shape_of "$upload")" ] && knows_servers "$upload"; then
    store
    bring_in_line "$file" || fail 76 "$words"
  else
    change_servers
  fi
  done_with
}

# The copy is for the day when the file is damaged; it is written first, so that it is never older.
store() {
  put_file "$(balancer_file "$root/balancer")" 600 <"$upload"
  put_file "$file" 644 <"$upload"
}

# A configuration that HAProxy does not take must not stay: it would not start again for any tenant.
change_servers() {
  op_lb_repair "$directory"
  validate
  partial=$home/before.tmp.$$
  rm -f "$partial"
  cp "$file" "$partial" 2>/dev/null || true
  store
  worker=$(worker_now)
  if systemctl reload-or-restart "$service" 2>/dev/null && await_worker && await_servers "$file" && bring_in_line "$file"; then
    return 0
  fi
  trouble=${words:-$service does not reload}
  if [ -e "$partial" ]; then
    cp "$partial" "$upload"
    store
  else
    rm -f "$file" "$(balancer_file "$root/balancer")"
  fi
  systemctl reload-or-restart "$service" 2>/dev/null || true
  fail 76 "$trouble"
}

worker_now() {
  ask "$socket" 'show info' | sed -n 's/^Pid: //p' || true
}

# A reload is over when another worker answers; before that the old one still takes requests.
await_worker() {
  tries=0
  until now_worker=$(worker_now) && [ -n "$now_worker" ] && [ "$now_worker" != "$worker" ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ]; then
      words="$service does not come up with the new configuration, or its socket is not $socket"
      return 1
    fi
    sleep 0.05
  done
}

# With the file in its place beside all others, as HAProxy will read it.
validate() {
  trial=$home/trial.tmp.$$
  rm -rf "$trial"
  mkdir "$trial" || fail 73 "cannot write below $root"
  cp "$directory"/*.cfg "$trial"/ 2>/dev/null || true
  cp "$upload" "$trial/$environment:$tenant.cfg"
  if ! trouble=$(haproxy -c -f "$main" -f "$trial" 2>&1); then
    rm -rf "$trial"
    fail 65 "$(printf 'haproxy refuses the configuration\n%s' "$trouble" | head -n 10)"
  fi
  rm -rf "$trial"
}

# A damaged file would make HAProxy start with other shares, so it is repaired before each start.
guard_start() {
  guard=$units/$2.service.d/lotse.conf
  text=$(printf '[Service]\nExecStartPre=+%s lb-repair %s' "$0" "$1")
  [ "$(cat "$guard" 2>/dev/null)" != "$text" ] || return 0
  mkdir -p "$units/$2.service.d"
  printf '%s\n' "$text" | put_file "$guard" 644
  systemctl daemon-reload
}

op_lb_repair() {
  check_path "$1"
  for copy in "$root"/balancer/*.cfg; do
    [ -e "$copy" ] || continue
    damaged=$1/${copy##*/}
    sum_is_right "$damaged" && continue
    sum_is_right "$copy" || continue
    put_file "$damaged" 644 <"$copy"
  done
}

# servers_of FILE PREFIX: name weight ready-or-maint port, after a prefix.
servers_of() {
  awk -v prefix="$2" '$1 == "server" {
    port = $3
    sub(/.*:/, "", port)
    print prefix $2, $5, ($NF == "disabled" ? "maint" : "ready"), port
  }' "$1"
}

knows_servers() {
  {
    ask "$socket" 'show stat' | cut -d , -f 1,2 | sed 's/^/known /'
    servers_of "$1" "wanted $(backend_of),"
  } | awk '
    $1 == "known" { known[$2] = 1 }
    $1 == "wanted" && !($2 in known) { unknown = 1 }
    END { exit unknown }'
}

await_servers() {
  tries=0
  until knows_servers "$1"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 50 ]; then
      words="haproxy does not know the servers: is it started with -f $directory, and its socket $socket?"
      return 1
    fi
    sleep 0.1
  done
}

# First those that get requests, then those that get none: there is no moment without a server. Many servers take
# several connections, since HAProxy bounds the length of a line.
bring_in_line() {
  words=$(
    servers_of "$1" "set server $(backend_of)/" | awk '
      { name = $1 " " $2 " " $3 }
      $5 == "ready" { told[++ready] = name " weight " $4 ";" name " state ready" }
      $5 == "maint" { put_away[++maint] = name " state maint" }
      END {
        for (i = 1; i <= maint; i++) told[ready + i] = put_away[i]
        for (i = 1; i <= ready + maint; i++) printf "%s%s", told[i], (i % 25 == 0 || i == ready + maint ? "\n" : ";")
      }' | while read -r line; do
      ask "$socket" "$line" || echo 'its socket does not answer'
    done | tr -d '\n' | sed 's/^ *$//'
  )
  [ -z "$words" ]
}

# lb-state ENV TENANT DIRECTORY SOCKET MASTER: the tenant's file, and what the running workers count. Workers that
# were replaced by a reload still finish requests, so they are asked too.
op_lb_state() {
  scope "$1" "$2"
  check_path "$3"
  check_path "$4"
  check_path "$5"
  socket=$4
  for file in "$(balancer_file "$3")" "$(balancer_file "$root/balancer")"; do
    if [ ! -e "$file" ] && [ ! -e "$(balancer_file "$root/balancer")" ]; then
      continue
    fi
    if sum_is_right "$file"; then
      tell_file "$file"
      break
    fi
    printf 'damaged %s\n' "$file"
  done
  if running=$(ask "$4" 'show info;show stat'); then
    printf 'running\n'
    printf '%s\n' "$running" | rows stat
  fi
  if [ -S "$5" ]; then
    ask "$5" 'show proc' | awk '/^# old workers/ { old = 1; next } /^#/ { old = 0 } old && $2 == "worker" { print $1 }' | while read -r pid; do
      ask "$5" "@!$pid show stat" | rows old || true
    done
  fi
  printf 'end\n'
}

tell_file() {
  awk '
    $1 == "bind" && !bound { print "file", $2; bound = 1 }
    /^# sticky / { print substr($0, 3) }' "$1"
  servers_of "$1" 'server '
}

# look ENV TENANT DIRECTORY SOCKET MASTER: what `state` and `lb-state` tell, of a host that is both.
op_look() {
  op_state "$1" "$2"
  op_lb_state "$@"
}

# The rows of a tenant by the names of their columns, which versions of HAProxy order differently:
# proxy server current total errors-5xx errors-connect errors-response status weight
# each after a word; and the process that counts them. A reload begins a new one, which counts from nothing.
rows() {
  awk -F , -v word="$1" -v backend="$(backend_of)" '
    sub(/^Pid: /, "") { print "counted-by", $0 }
    /^# / { sub(/^# /, ""); for (i = 1; i <= NF; i++) at[$i] = i; next }
    $at["pxname"] == backend || $at["pxname"] == backend ":none" {
      if ($at["svname"] == "FRONTEND") next
      status = $at["status"]
      sub(/ .*/, "", status)
      printf "%s %s %s %d %d %d %d %d %s %d\n", word, $at["pxname"], $at["svname"], $at["scur"], $at["stot"], $at["hrsp_5xx"], $at["econ"], $at["eresp"], status, $at["weight"]
    }'
}

# take-listen ENV TENANT OWNER FENCE TTL FIRST LAST [PORT]: where a balancer listens for a tenant; kept for good.
op_take_listen() {
  check_number "$6" first
  check_number "$7" last
  claim "$1" "$2" "$3" "$4" "$5"
  if [ $# -ge 8 ]; then
    check_number "$8" port
    [ "$(cat "$home/listen" 2>/dev/null || echo "$8")" = "$8" ] || fail 78 "it listens on $(cat "$home/listen") already"
    taken=$(take_port "$8" "$8" "$environment/$tenant/listen")
  else
    taken=$(cat "$home/listen" 2>/dev/null || take_port "$6" "$7" "$environment/$tenant/listen")
  fi
  printf '%s\n' "$taken" | put_file "$home/listen" 600
  cat "$home/listen"
  done_with
}

