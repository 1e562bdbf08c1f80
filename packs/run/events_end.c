/* How a step's program ended: what it returned, printed and made, where it connected, what it used. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mp.h"
#include "packs/run/events.h"
#include "packs/run/part.h"

#define NS_PER_MS 1e6
#define US_PER_MS 1e3
#define ROOM      4 /* of a journal, kept for what ends a step */

static int put_returned(struct running *run, const struct tool *tool, const char *span, uint64_t call,
                        const struct step_end *end, size_t *ret, struct err *err) {
    const struct work_result *r = &tool->result;
    bool good = r->end == WORK_EXITED && r->code == 0;
    struct mp_map body, private_;
    struct journal_event event = part_fact;
    event.kind = "run.tool_returned";
    event.name = run->id;
    event.cause = call;
    part_init(&body, &private_);
    part_call(run, tool, span, &body);
    mp_map_bool(&body, "ok", good);
    mp_map_text(&body, "outcome",
                bytes_of(good                     ? "ok"
                         : r->end == WORK_TIMEOUT ? "timeout"
                         : r->end == WORK_STOPPED ? "cancelled"
                                                  : "error"));
    part_text(&body, "error", good ? "" : end->error);
    if (r->end == WORK_EXITED) {
        mp_map_uint(&body, "exit_code", (uint64_t)r->code);
    }
    part_ms(&body, "duration_ms", (double)r->wall_us / US_PER_MS);
    if (r->output_bytes > 0) {
        mp_map_hash(&body, "result_digest", tool->printed[0].digest);
    }
    mp_map_uint(&body, "result_bytes", r->output_bytes);
    part_text(&private_, "detail", good ? "" : end->why);
    int rc = journal_add(&run->journal, &event, &body, &private_, ret, err);
    part_done(&body, &private_);
    return rc;
}

/* What it printed, in the ledger's store; what is an output of the step is not kept twice. */
static int keep_log(struct running *run, struct tool *tool, size_t which, uint64_t after_call, struct err *err) {
    static const char *const names[] = {"standard output", "standard error"}, *const files[] = {"out", "err"};
    struct place_copy *copy = &tool->printed[which];
    uint64_t bytes = which == 0 ? tool->result.output_bytes : tool->result.error_bytes;
    char id[LOG_ARTIFACT_ID], name[64], path[FILE_PATH_MAX];
    struct buf title = {.max = 256};
    uint64_t size = 0;
    if (bytes == 0) return 0;
    (void)snprintf(name, sizeof(name), "%zu.%s", tool->index, files[which]);
    int rc = place_path(&run->place, "log", name, path, err);
    if (rc == 0) rc = log_artifact_put(run->options->ledger, path, id, &size, err);
    copy->bytes = size;
    buf_printf(&title, "%s of %.*s", names[which], (int)tool->step->id.n, (const char *)tool->step->id.p);
    if (rc == 0) {
        rc = part_artifact(run, copy, "log", bytes_of_buf(&title), "", tool->route->program, (struct bytes){0}, true,
                           after_call, SIZE_MAX, err);
    }
    buf_done(&title);
    return rc;
}

static int put_logs(struct running *run, struct tool *tool, uint64_t call, bool good, struct err *err) {
    int rc = good && tool->step->stdout.n > 0 ? 0 : keep_log(run, tool, 0, call, err);
    return rc == 0 ? keep_log(run, tool, 1, call, err) : rc;
}

static int make_room(struct running *run, struct err *err) {
    return run->journal.n + ROOM > JOURNAL_MAX ? journal_commit(&run->journal, err) : 0;
}

/* What a step left that did not go well is evidence, and no output: nobody is given it. */
static int put_outputs(struct running *run, const struct tool *tool, uint64_t call, bool good, struct err *err) {
    const char *role = good ? "output" : "unfinished";
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < tool->step->outputs.n; i++) {
        const struct datum *datum = &run->steps[tool->index].data[i];
        struct bytes name = tool->step->outputs.items[i];
        if (!datum->made || (!good && bytes_eq(name, tool->step->stdout))) continue;
        rc = make_room(run, err);
        if (rc == 0) {
            rc = part_artifact(run, &datum->copy, role, name, "", tool->route->program, part_media_type(run, name), false,
                               call, SIZE_MAX, err);
        }
    }
    return rc;
}

/* The proxy was handed over for this host, and that is recorded as the use. */
static bool is_used(const struct tool *tool, const char *scope) {
    for (size_t i = 0; i < tool->egress_n; i++) {
        if (strcmp(tool->egress[i], scope) == 0) return true;
    }
    return false;
}

/* Connections that a pattern of hosts permitted, as uses of the hosts; all connections are with the end of the step. */
static int put_connections(struct running *run, const struct tool *tool, uint64_t step, struct err *err) {
    struct journal_event event = part_fact;
    int rc = 0;
    event.kind = "permission.used";
    event.noun = "pack";
    event.name = run->pack->name;
    event.cause = step;
    for (size_t i = 0; rc == 0 && i < tool->result.connections_n; i++) {
        const struct work_connection *c = &tool->result.connections[i];
        char scope[WORK_NAME_MAX + 16];
        bool v6 = strchr(c->host, ':') != NULL && c->host[0] != '[';
        if (c->refused[0] != '\0' || c->address[0] == '\0') continue;
        (void)snprintf(scope, sizeof(scope), v6 ? "[%s]:%u" : "%s:%u", c->host, c->port);
        if (is_used(tool, scope)) continue;
        const struct part_use use = {
            .group = bytes_of("network.egress"), .scope = bytes_of(scope), .count = c->times, .target = c->address};
        rc = make_room(run, err);
        if (rc == 0) rc = part_use(run, &use, &event, err);
    }
    return rc;
}

static void put_list(const struct tool *tool, struct mp_map *private_) {
    const struct work_result *r = &tool->result;
    struct mp_map one, all;
    struct buf out = {.max = PART_MAX};
    if (r->connections_n == 0) return;
    part_init(&one, &all);
    mp_map_begin(&all, "connections");
    mp_put_array(&all.values, (uint32_t)r->connections_n);
    for (size_t i = 0; i < r->connections_n; i++) {
        const struct work_connection *c = &r->connections[i];
        part_text(&one, "host", c->host);
        mp_map_uint(&one, "port", c->port);
        part_text(&one, "address", c->address);
        part_text(&one, "refused", c->refused);
        mp_map_uint(&one, "sent", c->sent);
        mp_map_uint(&one, "received", c->received);
        mp_map_uint(&one, "times", c->times);
        (void)mp_map_write(&one, &all.values, NULL);
        mp_map_clear(&one);
    }
    mp_map_end(&all);
    if (mp_map_write(&all, &out, NULL) == 0) {
        mp_map_raw(private_, "attributes", bytes_of_buf(&out));
    }
    buf_done(&out);
    part_done(&one, &all);
}

static const char *end_word(enum work_end end) {
    return end == WORK_NOT_STARTED ? "not_started" : work_end_name(end);
}

static void put_resources(const struct running *run, const struct work_result *r, struct mp_map *body) {
    mp_map_text(body, "end", bytes_of(end_word(r->end)));
    mp_map_bool(body, "confined", r->confined);
    if (r->confined) {
        mp_map_hash(body, "filter", r->filter);
    }
    mp_map_text(body, "limits", bytes_of(work_limits_name(r->limits)));
    mp_map_text(body, "execute", bytes_of(work_execute_name(r->execute)));
    mp_map_text(body, "network", bytes_of(part_network(run, r->proxy)));
    if (r->cpu_us > 0) part_ms(body, "cpu_ms", (double)r->cpu_us / US_PER_MS);
    if (r->memory_max > 0) mp_map_uint(body, "memory_bytes", r->memory_max);
    if (r->processes_max > 0) mp_map_uint(body, "processes", r->processes_max);
}

/* The digest of what it printed. */
static int hash_printed(struct tool *tool, struct err *err) {
    const int fds[] = {tool->output, tool->error};
    uint8_t piece[FILE_PIECE];
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < 2; i++) {
        struct hash *hash = hash_new();
        off_t at = 0;
        ssize_t n = 0;
        if (hash == NULL) return err_set(err, ERR_NOMEM, "out of memory");
        while ((n = pread(fds[i], piece, sizeof(piece), at)) > 0) {
            hash_put(hash, piece, (size_t)n);
            at += n;
        }
        hash_end(hash, tool->printed[i].digest);
        tool->printed[i].bytes = (uint64_t)at;
        hash_free(hash);
        rc = n == 0 ? 0 : err_set(err, ERR_IO, "what a step printed cannot be read");
    }
    return rc;
}

int events_ended(struct running *run, struct tool *tool, const char *span, uint64_t step, uint64_t call, uint64_t ns,
                 const struct step_end *end, struct err *err) {
    struct mp_map body, private_;
    bool good = end->status == RUN_OK;
    part_init(&body, &private_);
    int rc = hash_printed(tool, err);
    if (rc == 0) rc = put_returned(run, tool, span, call, end, NULL, err);
    if (rc == 0) rc = put_logs(run, tool, call, good, err);
    if (rc == 0) rc = put_outputs(run, tool, call, good, err);
    if (rc == 0) rc = put_connections(run, tool, step, err);
    part_ms(&body, "duration_ms", (double)ns / NS_PER_MS);
    mp_map_text(&body, "route", tool->route->name);
    put_resources(run, &tool->result, &body);
    uint64_t refused = tool->hear.refused + tool->result.reports_dropped;
    if (tool->hear.taken + refused > 0) {
        mp_map_uint(&body, "reports", tool->hear.taken);
        mp_map_uint(&body, "reports_refused", refused);
        part_text(&private_, "reports_fault", tool->hear.why);
    }
    put_list(tool, &private_);
    if (rc == 0) rc = part_end(run, tool->index, span, step, end, NULL, &body, &private_, err);
    if (rc == 0) rc = journal_commit(&run->journal, err);
    part_done(&body, &private_);
    return rc;
}
