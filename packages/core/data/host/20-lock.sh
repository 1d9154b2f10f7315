# ---- scope, lock and fence

scope() {
  check_word "$1" environment
  check_word "$2" tenant
  environment=$1
  tenant=$2
  home=$root/tenants/$environment/$tenant
}

unit_of() {
  printf 'lotse:%s:%s:%s.service' "$environment" "$tenant" "$1"
}

read_lock() {
  lock_owner='' lock_fence=0 lock_expires=0
  [ ! -s "$home/lock" ] || read -r lock_owner lock_fence lock_expires <"$home/lock" || true
  case $lock_fence in '' | *[!0-9]*) lock_fence=0 ;; esac
  case $lock_expires in '' | *[!0-9]*) lock_expires=0 ;; esac
}

# The new fence must outlive the machine; when the time is over need not.
write_lock() {
  put_text "$home/lock" 600 "$owner $held_fence $((now + ttl))
"
  [ "$owner $held_fence" = "$lock_owner $lock_fence" ] || to_disk "$home"
}

# Takes the lock of a tenant for this operation. It stays the owner's until it expires, and is taken from an
# owner whose time is over; that owner's fences up to then are refused for ever.
claim() {
  owner=$3 fence=$4 ttl=$5
  scope "$1" "$2"
  check_word "$owner" owner
  [ "$fence" = - ] || check_number "$fence" fence
  check_number "$ttl" ttl
  make_home
  exec 9>"$home/.flock"
  flock -w 60 9 || fail 75 "another operation on this tenant takes too long"
  read_lock
  now=$(date +%s)
  if [ "$owner" = "$lock_owner" ]; then
    [ "$fence" = - ] || [ "$fence" -ge "$lock_fence" ] || fail 77 "fence $lock_fence was seen, this is $fence"
    held_fence=$lock_fence
  else
    # An expiry far ahead is of a clock that was wrong.
    if [ -n "$lock_owner" ] && [ "$lock_expires" -gt "$now" ] && [ "$lock_expires" -le $((now + 3600)) ]; then
      fail 75 "held by $lock_owner for $((lock_expires - now)) s"
    fi
    lost=$(cat "$home/lost/$owner" 2>/dev/null || echo -1)
    [ "$fence" = - ] || [ "$fence" -gt "$lost" ] || fail 77 "another owner has taken over since fence $lost"
    [ -z "$lock_owner" ] || printf '%s\n' "$lock_fence" | put_file "$home/lost/$lock_owner" 600
    held_fence=0
  fi
  [ "$fence" = - ] || held_fence=$fence
  write_lock
  sweep
}

# The time of the lock runs from the end of an operation.
done_with() {
  claimed=$now lock_owner=$owner lock_fence=$held_fence
  now=$(date +%s)
  [ "$now" = "$claimed" ] || write_lock
}

# What is made last stands for all.
make_home() {
  keep_reserve
  [ ! -d "$home/keys" ] || return 0
  mkdir -p "$root/tenants/$environment" "$home/releases" "$home/slots" "$home/lost" "$home/shared" ||
    fail 73 "cannot write below $root"
  chmod 755 "$root" "$root/tenants" "$root/tenants/$environment"
  chmod 711 "$home" "$home/releases" "$home/slots" "$home/shared"
  chmod 700 "$home/lost"
  (umask 077 && mkdir -p "$home/keys") || fail 73 "cannot write below $root"
  keep_reserve
}

