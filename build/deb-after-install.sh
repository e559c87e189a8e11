#!/bin/sh
set -eu
ln -sf '/opt/${sanitizedProductName}/${executable}' '/usr/bin/${executable}'
ln -sf '/opt/${sanitizedProductName}/resources/cli/drover' /usr/bin/drover
# Chromium's sandbox needs it where the kernel forbids user namespaces.
chmod 4755 '/opt/${sanitizedProductName}/chrome-sandbox' || true
