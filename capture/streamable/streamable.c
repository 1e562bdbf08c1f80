/* The sessions outlive the clients: what they queued is written at the end. */
#include "capture/streamable/streamable.h"

#include <stdio.h>

#include "capture/streamable/copies.h"
#include "capture/streamable/judged.h"

#define COPIES_MAX ((long long)16 << 20)

int streamable_run(const struct streamable_options *o, struct streamable_result *ret, struct err *err) {
    struct streamable_shared shared = {.judges = o->judge != NULL, .judge = o->judge};
    struct serve_place place;
    struct pass_handler handler;
    struct serve *serve = NULL;
    char url[HTTP_URL_MAX + sizeof(place.path) + 16];
    const char *command[] = {url, NULL};
    struct tap_names names = *o->names;
    struct serve_options options = o->serve;
    memset(ret, 0, sizeof(*ret));
    options.own_paths = true;
    atomic_init(&shared.left, COPIES_MAX);
    atomic_init(&shared.exchanges, 0);
    atomic_init(&shared.others, 0);
    int rc = serve_open(&options, &serve, &place, err);
    if (rc != 0) return rc;
    (void)snprintf(url, sizeof(url), "%s%s", place.endpoint, place.path);
    names.command = command;
    names.transport = "http";
    shared.path = place.path[0] != '\0' ? place.path : "/";
    const struct sessions_options sessions = {
        .names = &names, .ledger = o->ledger, .judge = o->judge, .pause_ns = o->pause_ns, .say = o->say};
    shared.sessions = sessions_new(&sessions);
    if (shared.sessions == NULL) rc = err_set(err, ERR_NOMEM, "no memory for the sessions");
    if (shared.judges) {
        judged_handler(&shared, &handler);
    } else {
        copies_handler(&shared, &handler);
    }
    if (rc == 0) rc = serve_all(serve, &handler, err);
    serve_close(serve, &ret->refused);
    sessions_free(shared.sessions, o->end_ns, &ret->lost, &ret->sessions);
    ret->requests = atomic_load(&shared.exchanges);
    ret->others = atomic_load(&shared.others);
    return rc;
}
