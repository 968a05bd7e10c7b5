# shellcheck shell=bash
# Everything that the scripts of the local stack share.
set -euo pipefail
library="$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=lib/common.sh
source "$library/common.sh"
# shellcheck source=lib/process.sh
source "$library/process.sh"
# shellcheck source=lib/ports.sh
source "$library/ports.sh"
# shellcheck source=lib/postgres.sh
source "$library/postgres.sh"
# shellcheck source=lib/redis.sh
source "$library/redis.sh"
# shellcheck source=lib/kafka.sh
source "$library/kafka.sh"
# shellcheck source=lib/dovecot.sh
source "$library/dovecot.sh"
# shellcheck source=lib/exim.sh
source "$library/exim.sh"
# shellcheck source=lib/environment.sh
source "$library/environment.sh"
# shellcheck source=lib/contents.sh
source "$library/contents.sh"
# shellcheck source=lib/core.sh
source "$library/core.sh"
# shellcheck source=lib/email.sh
source "$library/email.sh"
# shellcheck source=lib/datamart.sh
source "$library/datamart.sh"
# shellcheck source=lib/search.sh
source "$library/search.sh"
