#!/usr/bin/env bash
# Makes a self-signed certificate for trying out the gateway: certificate.sh [host name]
set -euo pipefail

folder="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/tls"
name="${1:-localhost}"
if [[ -e $folder/tls.key ]]; then
    printf 'error: %s is there already\n' "$folder/tls.key" >&2
    exit 1
fi
mkdir -p "$folder"
(
    umask 077
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj "/CN=$name" \
        -addext "subjectAltName=DNS:$name" -keyout "$folder/tls.key" -out "$folder/tls.crt" 2>/dev/null
)
chmod 0644 "$folder/tls.crt"
printf 'certificate of %s: %s\n' "$name" "$folder"
