# ---- users

# A user of the tenant's own, or one that the machine has.
ensure_user() {
  check_word "$1" user
  id -u "$1" >/dev/null 2>&1 && return 0
  case $1 in
    lotse-*) ;;
    *) fail 69 "there is no user $1 on this host" ;;
  esac
  printf 'u %s - "Lotse %s %s" / -\n' "$1" "$environment" "$tenant" | systemd-sysusers - ||
    fail 69 "cannot make the user $1"
}

# ---- releases

receive() {
  upload=$1.partial.$$
  rm -rf "$upload"
  (umask 077 && cat >"$upload") || fail 73 "cannot write $1: the disk may be full"
  [ "$(digest_of "$upload")" = "$2" ] || fail 65 "what arrived is not what was sent"
}

# A unit that was cut off would run, without the limits that come after: so its last line says that it is whole.
receive_unit() {
  upload=$1
  (umask 077 && cat >"$upload") || fail 73 "cannot write below $home: the disk may be full"
  [ "$(tail -n 1 "$upload")" = '# whole' ] || fail 65 "what arrived is not what was sent"
}

# The service sees it read-only by its unit; commands that belong to a rollout may write in it.
give_release() {
  chown -R "$user:$group" "$1" || fail 73 "cannot change the owner of $1"
  chmod -R u=rwX,g=rX,o= "$1"
}

# put-release ENV TENANT OWNER FENCE TTL RELEASE DIGEST USER [ready [SHARED...]]: an archive with `code/` and
# `config.json`, and with `artefact/` where there is one, which is the code where `unpack` lies beside it. With
# `ready` there is no install step to wait for. What arrives is checked before the lock is taken, so that nobody waits for a slow sender.
op_put_release() {
  release=$6 digest=$7 user=$8
  scope "$1" "$2"
  check_word "$release" release
  check_digest "$digest"
  [ "${9:-ready}" = ready ] || fail 64 "not a word of put-release: argument 9"
  make_home
  receive "$home/releases/$release.upload" "$digest"
  claim "$1" "$2" "$3" "$4" "$5"
  ensure_user "$user"
  group=$(id -gn "$user")
  if ! is_fresh; then
    unpack
    unpack_artefact
    finish_release
  fi
  if [ $# -ge 9 ]; then
    shift 9
    make_ready "$@"
  fi
  done_with
}

unpack_artefact() {
  [ -e "$partial/unpack" ] || return 0
  rm -f "$partial/unpack"
  mkdir "$partial/code"
  words=$(tar -xof "$partial"/artefact/* -C "$partial/code" 2>&1) ||
    fail 65 "$(printf 'cannot unpack the artefact\n%s' "$words" | head -n 3)"
  refuse_devices
}

# What is unpacked as root is handed to a user afterwards.
refuse_devices() {
  odd=$(find "$partial/code" ! -type f ! -type d ! -type l -print -quit)
  [ -z "$odd" ] || fail 65 "the archive holds what is neither a file, a directory nor a link: ${odd#"$partial/code/"}"
}

# Whole, and as it was sent: no command has run in it.
is_fresh() {
  [ -e "$home/releases/$release/.ready" ] && [ ! -e "$home/releases/$release/.touched" ]
}

unpack() {
  partial=$home/releases/$release.partial.$$
  mkdir "$partial" || fail 73 "cannot write below $home: the disk may be full"
  tar -xzof "$upload" -C "$partial" 2>/dev/null || fail 73 "cannot unpack the release: the disk may be full"
  rm -f "$upload"
}

finish_release() {
  give_release "$partial"
  rm -rf "$home/releases/$release"
  mv -T "$partial" "$home/releases/$release" || fail 73 "cannot move the release to its place"
  partial=
}

# fetch-release ENV TENANT OWNER FENCE TTL RELEASE USER KIND DIGEST: an archive with `config.json`, and `source`,
# whose only line is where the host itself gets the code: a git repository and commit, or a tarball and digest.
op_fetch_release() {
  release=$6 user=$7 kind=$8 digest=$9
  scope "$1" "$2"
  check_word "$release" release
  check_digest "$digest"
  make_home
  receive "$home/releases/$release.upload" "$digest"
  unpack
  fetch_code || fail 69 "cannot fetch the code: $fetch_words"
  refuse_devices
  claim "$1" "$2" "$3" "$4" "$5"
  ensure_user "$user"
  group=$(id -gn "$user")
  is_fresh || finish_release
  done_with
}

fetch_code() {
  fetch_words='its source is not told'
  { read -r source && read -r wanted; } <"$partial/source" || return 1
  rm -f "$partial/source"
  case $kind in
    git)
      command -v git >/dev/null || { fetch_words='git is not on this host' && return 1; }
      fetch_words=$(git_fetch 2>&1) || return 1
      ;;
    tarball)
      command -v curl >/dev/null || { fetch_words='curl is not on this host' && return 1; }
      fetch_words=$(tarball_fetch 2>&1) || return 1
      ;;
    *) fetch_words='unknown kind of source' && return 1 ;;
  esac
}

git_fetch() {
  git init --quiet "$partial/code" || return 1
  GIT_TERMINAL_PROMPT=0 git -C "$partial/code" fetch --quiet --depth 1 -- "$source" "$wanted" || return 1
  git -C "$partial/code" -c advice.detachedHead=false checkout --quiet FETCH_HEAD || return 1
  [ "$(git -C "$partial/code" rev-parse HEAD)" = "$wanted" ] || { echo 'not the commit' && return 1; }
  rm -rf "$partial/code/.git"
}

tarball_fetch() {
  curl --fail --silent --show-error --location --max-time 600 --proto '=https,http,file' --output "$partial/fetched" -- "$source" || return 1
  [ "$(digest_of "$partial/fetched")" = "$wanted" ] || { echo 'the digest is another' && return 1; }
  mkdir "$partial/code" && tar -xof "$partial/fetched" -C "$partial/code" && rm -f "$partial/fetched"
}

# ready ENV TENANT OWNER FENCE TTL RELEASE USER [SHARED...]: what is shared is linked in, the install step (a unit
# on standard input; nothing where there is none) has its way, and the release counts as whole.
op_ready() {
  release=$6 user=$7
  check_word "$release" release
  scope "$1" "$2"
  make_home
  receive_unit "$home/install.tmp.$$"
  claim "$1" "$2" "$3" "$4" "$5"
  shift 7
  ensure_user "$user"
  group=$(id -gn "$user")
  make_ready "$@"
  done_with
}

make_ready() {
  here=$home/releases/$release
  [ -d "$here/code" ] || fail 65 "the release is not on this host"
  # Code is not changed once it is in use; what an install makes belongs to the first that gets so far.
  if [ ! -e "$here/.ready" ]; then
    # Homes of earlier versions let nobody through.
    [ $# -eq 0 ] || chmod 711 "$home/shared"
    for name in "$@"; do
      check_word "$name" shared
      mkdir -p "$home/shared/$name"
      chown "$user:$group" "$home/shared/$name"
      chmod 750 "$home/shared/$name"
      rm -rf "${here:?}/code/$name"
      ln -s "$home/shared/$name" "$here/code/$name"
    done
    [ $# -eq 0 ] || give_release "$here"
    # What a release arrived in is gone by now.
    if grep -qs '^ExecStart=' "$upload"; then install_release; fi
    # It must not be whole by its name alone after the power was lost.
    sync -f "$here" 2>/dev/null || sync
    : >"$here/.ready"
    to_disk "$here"
  fi
}

install_release() {
  name=lotse-install:$environment:$tenant.service
  mkdir -p "$runtime"
  put_file "$runtime/$name" 644 <"$upload"
  load_unit "$name"
  systemctl reset-failed "$name" 2>/dev/null || true
  unit_status=0
  rm -f "$home/install.log"
  systemctl start "$name" 2>/dev/null || unit_status=$?
  words=$(last_lines "$home/install.log" 20 2>/dev/null || true)
  rm -f "$runtime/$name" "$home/install.log"
  systemctl reset-failed "$name" 2>/dev/null || true
  [ "$unit_status" = 0 ] || fail 76 "$(printf 'the install step failed\n%s' "$words")"
}

last_words() {
  journalctl --sync 2>/dev/null || true
  invocation=$(systemctl show -p InvocationID --value "$1" 2>/dev/null || true)
  if [ -n "$invocation" ]; then
    # `_SYSTEMD_…` are the unit's own lines; what systemd says about it is not among them.
    journalctl --no-pager -o cat -n "$2" "_SYSTEMD_INVOCATION_ID=$invocation" 2>/dev/null || true
  fi
}

