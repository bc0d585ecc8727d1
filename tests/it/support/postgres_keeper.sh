# Keeps one PostgreSQL server for the tests and outlives them just long enough to clean up.
#
# Arguments: the folder that holds everything, the folder of the PostgreSQL binaries.
# Orders come as lines on stdin (`start PORT`, `stop`); each is answered by one line on stdout.
# End of input means that the test process is gone, however it went: the server is stopped and the
# folder removed. The server is a child of this script, so there is no moment without a keeper.

folder=$1
binaries=$2
server=

cd "$folder" || exit 1
exec 2>>server.log
# A test process killed during a start leaves nobody to hear `started`; that must not end the keeper.
trap '' PIPE

server_is_ready() {
    [ "$(sed -n 1p data/postmaster.pid)" = "$server" ] &&
        sed -n 8p data/postmaster.pid | grep -q ready
}

start() {
    if [ ! -e data/PG_VERSION ]; then
        "$binaries/initdb" -D data -U weir -A trust -E UTF8 --no-locale --no-sync >>server.log || return 1
    fi
    # The tests are about durability: fsync stays on, said aloud so that no default can change it.
    "$binaries/postgres" -D data -p "$1" -k "$folder" \
        -c listen_addresses=127.0.0.1 -c max_connections=500 \
        -c fsync=on -c synchronous_commit=on -c full_page_writes=on \
        >>server.log </dev/null &
    server=$!
    looks=0
    until server_is_ready; do
        looks=$((looks + 1))
        if [ $looks -gt 1200 ] || ! kill -0 "$server"; then
            stop
            return 1
        fi
        sleep 0.05
    done
}

# QUIT is PostgreSQL's immediate shutdown: no checkpoint, so the next start recovers as after a
# crash. TERM is for a child that has not become PostgreSQL yet: background children of a shell
# ignore QUIT until they install handlers of their own.
stop() {
    [ -n "$server" ] || return 0
    kill -QUIT "$server" && kill -TERM "$server"
    wait "$server"
    server=
}

while read -r order port; do
    case $order in
    start) if start "$port"; then echo started; else echo failed; fi ;;
    stop) stop; echo stopped ;;
    esac
done

stop
cd / && rm -rf "$folder"
