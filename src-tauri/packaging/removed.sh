#!/bin/sh
# What a shop wrote is not the package's to delete: it stays, and who removes the program is told where.
set -e
case "$1" in
  remove | purge | 0)
    echo "Chandi is removed. The shops of this computer stay where they are, encrypted:"
    echo "  ~/.local/share/app.chandi.till of each person who used it."
    echo "Installed again, Chandi goes on with them. To delete a shop, use \"Forget this shop\" before removing Chandi."
    ;;
esac
exit 0
