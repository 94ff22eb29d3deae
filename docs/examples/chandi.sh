#!/bin/sh
# Chandi's API from a shell: curl asks, openssl checks signatures.
set -eu

ask() { # METHOD PATH [BODY]
  curl --silent --show-error --fail-with-body --request "$1" "$CHANDI_URL/api/v1/$2" \
    --header "Authorization: Bearer $CHANDI_KEY" --header 'Content-Type: application/json' ${3:+--data "$3"}
}

new_id() {
  if command -v uuidgen >/dev/null; then uuidgen | tr 'A-Z' 'a-z'; else cat /proc/sys/kernel/random/uuid; fi
}

case "${1:-}" in
  products)
    ask GET products
    ;;
  order) # PRODUCT QUANTITY: paid in cash, exactly
    ask POST orders "{\"id\": \"$(new_id)\", \"lines\": [{\"product\": \"$2\", \"quantity\": \"$3\"}],
      \"tenders\": [{\"id\": \"$(new_id)\", \"method\": \"cash\"}]}"
    ;;
  redeem) # CODE: what the QR says
    ask POST tokens/verify "{\"code\": \"$2\"}" >&2
    ask POST tokens/redeem "{\"id\": \"$(new_id)\", \"code\": \"$2\"}"
    ;;
  follow) # [CURSOR]: a stream that stays open; it goes on where the last one broke off
    curl --silent --show-error --fail --no-buffer "$CHANDI_URL/api/v1/events?after=${2:-}" \
      --header "Authorization: Bearer $CHANDI_KEY" --header 'Accept: text/event-stream'
    ;;
  verify) # SECRET HEADER < body
    time=$(printf '%s' "$3" | sed -n 's/^t=\([1-9][0-9]*\),v1=.*/\1/p')
    said=$(printf '%s' "$3" | sed -n 's/^t=[0-9]*,v1=\([0-9a-f]*\)$/\1/p')
    is=$({ printf '%s.' "$time"; cat; } | openssl dgst -sha256 -hmac "$2" | sed 's/^.*= *//')
    age=$(($(date +%s) - ${time:-0}))
    if [ -n "$said" ] && [ "$is" = "$said" ] && [ "$age" -lt 300 ] && [ "$age" -gt -300 ]; then
      echo genuine
    else
      echo 'not genuine' >&2
      exit 1
    fi
    ;;
  *)
    echo "usage: $0 products | order PRODUCT QUANTITY | redeem CODE | follow [CURSOR] | verify SECRET HEADER" >&2
    exit 2
    ;;
esac
