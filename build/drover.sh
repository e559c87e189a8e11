#!/bin/sh
# The command `drover` of a Linux package, on the Node that the package carries.
set -eu
here=$(dirname "$(readlink -f "$0")")
case $(uname -m) in
  x86_64) machine=linux-x64 ;;
  aarch64) machine=linux-arm64 ;;
  *)
    echo "drover: this package is for another machine than $(uname -m)." >&2
    exit 1
    ;;
esac
exec "$here/../node/$machine/node" "$here/drover.mjs" "$@"
