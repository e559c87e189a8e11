#!/bin/sh
set -eu
rm -f /usr/bin/drover '/usr/bin/${executable}'
