#!/bin/sh
# Install Fenhe from this bundle, without a network: sh install.sh [FOLDER]   (default /opt/fenhe)
#
# Needs the Python the bundle was made for (see BUNDLE); PYTHON=/path/to/python names another.
set -eu
cd "$(dirname "$0")"
. ./BUNDLE
target=${1:-/opt/fenhe}
stop() { echo "fenhe: $*" >&2; exit 1; }

python=${PYTHON:-python$BUNDLE_PYTHON}
command -v "$python" >/dev/null 2>&1 ||
  stop "no $python here; this bundle is for Python $BUNDLE_PYTHON: install it, or name it: PYTHON=/path sh install.sh"
found=$("$python" -c 'import sys, sysconfig; print("%d.%d" % sys.version_info[:2], sysconfig.get_platform())')
[ "$found" = "$BUNDLE_PYTHON $BUNDLE_PLATFORM" ] ||
  stop "this bundle is for Python $BUNDLE_PYTHON on $BUNDLE_PLATFORM, but $python is $found"

sha256sum --check --quiet SHA256SUMS || stop "the bundle is damaged: copy it again"

# the pip of the bundle runs from its wheel, so that the machine needs neither pip nor ensurepip
[ ! -e "$target" ] || [ -f "$target/pyvenv.cfg" ] || stop "$target is there and is no Fenhe: choose another folder"
"$python" -m venv --without-pip --clear "$target" || stop "could not make $target"
pip=$(echo wheels/pip-*.whl)
PIP_CONFIG_FILE=/dev/null "$target/bin/python" "$pip/pip" install --isolated --quiet \
  --disable-pip-version-check --no-cache-dir --no-index --find-links wheels \
  "fenhe[$BUNDLE_EXTRAS]==$BUNDLE_VERSION" || stop "the installation failed; the message is above"
"$target/bin/fenhe" --version
echo "next: $target/bin/fenhe init --data /var/lib/fenhe; docs/install.md and fenhe.service are here"
