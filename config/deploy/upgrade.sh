#!/bin/sh
# Brings what is served to another release while people work: sh …/2/config/deploy/upgrade.sh …/2
# Migrations first, beside which the former release goes on working (README, « Upgrade »); then one web server after the
# other, each out of nginx while it starts; then workers and clock. Stops at the first thing that is not well.
set -eu
release=$1
home=/srv/quittance
front=/etc/nginx/conf.d/quittance.conf
ports='8001 8002'

within_two_minutes() { # what is waited for, then the command that tells
    what=$1
    shift
    seconds=0
    until "$@" >/dev/null 2>&1; do
        seconds=$((seconds + 1))
        [ "$seconds" -lt 120 ] || { echo "upgrade: $what" >&2; exit 1; }
        sleep 1
    done
}

in_front() { # port, the mark now, the mark wanted
    sed -i "s/server 127.0.0.1:$1 max_fails=0$2;/server 127.0.0.1:$1 max_fails=0$3;/" "$front"
    nginx -t -q
    former=$(pgrep -P "$(cat /run/nginx.pid)" || true)
    nginx -s reload
    # those that know the former list finish what they have begun: until all are gone they still send requests by it
    within_two_minutes 'nginx still serves by its former list' all_gone
}

all_gone() {
    for number in $former; do
        ! kill -0 "$number" || return 1
    done
}

set -a
# shellcheck disable=SC1091 # written by whoever installs
. /etc/quittance/environment
set +a

cd "$release"
.venv/bin/python manage.py check --deploy --fail-level WARNING
.venv/bin/python manage.py collectstatic --noinput --verbosity 0
.venv/bin/python manage.py migrate --noinput
ln -sfn "$release" "$home/current"

for port in $ports; do
    in_front "$port" '' ' down'
    systemctl restart "quittance-web@$port"
    within_two_minutes "quittance-web@$port is not ready" curl -fsS "http://127.0.0.1:$port/readyz"
    in_front "$port" ' down' ''
done
systemctl restart quittance-worker@1 quittance-worker@2 quittance-beat
