# library.sh - libaduan where compilers look for it.
# Sourced by deploy/up; uses its put.

# share_library FROM TO: header, library and pkg-config's file as copies, for who writes an adapter may not enter the
# installation's own folder.  Only what has changed is written.
share_library() {
  local from=$1 to=$2 name
  mkdir -p "$to/include" "$to/lib/pkgconfig"
  put 0644 "$to/include/aduan.h" <"$from/include/aduan.h"
  for name in "$from"/lib/libaduan.so*; do
    if [ -L "$name" ]; then ln -sfn "$(readlink "$name")" "$to/lib/${name##*/}"
    else put 0755 "$to/lib/${name##*/}" <"$name"; fi
  done
  sed "s#^prefix=.*#prefix=$to#" "$from/lib/pkgconfig/libaduan.pc" | put 0644 "$to/lib/pkgconfig/libaduan.pc"
}
