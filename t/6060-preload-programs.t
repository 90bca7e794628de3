#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Real programs, those that are installed, with their malloc replaced: what takes a few seconds of
# t/programs/check-programs.

: "${srcdir:=$(dirname "$0")/..}"
exec "$srcdir/t/programs/check-programs" --quick
