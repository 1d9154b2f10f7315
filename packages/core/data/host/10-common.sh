#!/bin/sh
# What Lotse runs on a host. It is uploaded once, named by its SHA-256, and called over ssh as
#   lotse-host-DIGEST OPERATION [ENVIRONMENT TENANT [OWNER FENCE TTL]] ARGUMENTS
# or, with `serve`, asked one operation after another over standard input. Arguments are of a safe alphabet only;
# everything else comes over standard input, secrets above all.
# Every operation may be repeated, and may be killed at any point: what counts appears by a rename.
#
# Exit status: 0 done, 64 wrong arguments, 65 damaged input, 69 something is missing on the host,
# 73 cannot write, 75 another owner holds the lock, 76 the service failed, 77 an older fence, 78 refused.
set -eu
umask 027
LC_ALL=C
export LC_ALL
PATH=${LOTSE_TEST_PATH:+$LOTSE_TEST_PATH:}/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
root=${LOTSE_ROOT:-/var/lib/lotse}
units=${LOTSE_UNITS:-/etc/systemd/system}
runtime=${LOTSE_RUNTIME_UNITS:-/run/systemd/system}
# What is removed at the end, however it comes: a file being written, one that arrived, a directory being filled.
temporary='' upload='' partial=''

fail() {
  status=$1
  shift
  printf '%s\n' "$*" >&2
  exit "$status"
}

clean_up() {
  status=$?
  for each in "$temporary" "$upload" "$partial"; do
    [ -z "$each" ] || rm -rf "$each"
  done
  exit "$status"
}
trap clean_up EXIT
trap 'exit 70' HUP INT TERM PIPE

# Refuses whatever could mean more than itself to a shell, a path, a unit file or an option.
check_word() {
  case $1 in
    '' | -* | .* | *..* | *[!A-Za-z0-9._-]*) fail 64 "not usable as a name: argument $2" ;;
  esac
  [ ${#1} -le 128 ] || fail 64 "too long: argument $2"
}

check_number() {
  case $1 in
    '' | *[!0-9]*) fail 64 "not a number: argument $2" ;;
  esac
  [ ${#1} -le 15 ] || fail 64 "too large: argument $2"
}

check_digest() {
  case $1 in
    *[!0-9a-f]*) fail 64 "not a digest" ;;
  esac
  [ ${#1} -eq 64 ] || fail 64 "not a digest"
}

check_colour() {
  case $1 in
    blue | green) ;;
    *) fail 64 "not a colour" ;;
  esac
}

check_path() {
  case $1 in
    /*) ;;
    *) fail 64 "not an absolute path" ;;
  esac
  case $1 in
    *..* | *[!A-Za-z0-9._/@-]*) fail 64 "not a usable path" ;;
  esac
}

# Writes standard input to a file in one step, and to the disk. Where the disk is full, it uses the space that was
# kept for this, so that a release can be taken back on a full disk as well.
put_file() {
  content=$(cat && printf x)
  put_text "$1" "$2" "${content%x}"
  to_disk "${1%/*}"
}

# The same with a text, and without waiting until the disk knows its new name: what it was before is whole as well.
put_text() {
  content=$3
  temporary=$1.tmp.$$
  if ! write_temporary; then
    rm -f "$root/.reserve"
    write_temporary || fail 73 "cannot write $1: the disk may be full"
  fi
  [ "$2" = 600 ] || chmod "$2" "$temporary"
  to_disk "$temporary"
  mv -f "$temporary" "$1" || fail 73 "cannot write $1"
  temporary=
}

write_temporary() {
  (umask 077 && printf '%s' "$content" >"$temporary") 2>/dev/null
}

keep_reserve() {
  if [ -e "$root/.reserve" ] || [ ! -d "$root" ]; then
    return 0
  fi
  dd if=/dev/zero of="$root/.reserve" bs=1024 count=256 2>/dev/null || rm -f "$root/.reserve"
}

to_disk() {
  sync "$1" 2>/dev/null || sync
}

# The last lines of a file, of a bounded number of bytes. A line that this would cut is left out: half a secret is
# not known as one.
last_lines() {
  [ -e "$1" ] || return 0
  if [ "$(wc -c <"$1")" -gt 65536 ]; then
    tail -c 65536 "$1" | sed 1d | tail -n "$2"
  else
    tail -n "$2" "$1"
  fi
}

digest_of() {
  sha256sum "$1" | cut -d ' ' -f 1
}

# Removes what uploads left whose process is gone.
sweep() {
  for leftover in "$home"/releases/*.partial.* "$home"/slots/*.partial.* "$home"/*.tmp.* "$home"/slots/*/*.tmp.*; do
    [ -e "$leftover" ] || continue
    kill -0 "${leftover##*.}" 2>/dev/null || rm -rf "$leftover"
  done
}

