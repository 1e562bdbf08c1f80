/* Bodies that several events share. */
#include "packs/run/part.h"

#include <string.h>

#include "base/mp.h"
#include "base/text.h"

const struct journal_event part_fact = {.noun = "run", .guard = JOURNAL_FACT, .cause = LOG_NO_SEQ, .after = SIZE_MAX};

void part_ms(struct mp_map *map, const char *name, double ms) {
    struct buf out = {.max = 16};
    mp_put_float(&out, ms);
    mp_map_raw(map, name, bytes_of_buf(&out));
    buf_done(&out);
}

void part_init(struct mp_map *body, struct mp_map *private_) {
    mp_map_init(body, PART_MAX);
    mp_map_init(private_, PART_MAX);
}

void part_done(struct mp_map *body, struct mp_map *private_) {
    mp_map_done(body);
    mp_map_done(private_);
}

void part_item(struct buf *out, const char *text) {
    struct buf safe = {.max = PART_MAX};
    size_t n = strlen(text);
    if (text_utf8_valid((const uint8_t *)text, n) == n) {
        mp_put_text(out, text);
    } else {
        text_safe(&safe, bytes_of(text));
        mp_put_str(out, bytes_of_buf(&safe));
    }
    buf_done(&safe);
}

void part_text(struct mp_map *map, const char *name, const char *text) {
    if (text[0] != '\0') {
        mp_map_begin(map, name);
        part_item(&map->values, text);
        mp_map_end(map);
    }
}

void part_seqs(struct mp_map *map, const char *name, const uint64_t *seqs, size_t n) {
    if (n == 0) return;
    mp_map_begin(map, name);
    mp_put_array(&map->values, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        mp_put_uint(&map->values, seqs[i]);
    }
    mp_map_end(map);
}

const char *part_network(const struct running *run, bool proxy) {
    return run->options->unconfined ? "host" : proxy ? "proxy" : "none";
}

int part_artifact(struct running *run, const struct place_copy *copy, const char *role, struct bytes name, const char *path,
                  struct bytes tool, struct bytes media_type, bool stored, uint64_t cause, size_t after, struct err *err) {
    struct mp_map body, private_;
    struct journal_event event = part_fact;
    event.kind = "run.artifact";
    event.name = run->id;
    event.cause = cause;
    event.after = after;
    part_init(&body, &private_);
    mp_map_hash(&body, "digest", copy->digest);
    mp_map_uint(&body, "bytes", copy->bytes);
    mp_map_text(&body, "role", bytes_of(role));
    if (strcmp(role, "log") != 0) {
        mp_map_text(&body, "datum", name);
    }
    mp_map_text(&body, "tool", tool);
    mp_map_text(&body, "media_type", media_type);
    mp_map_bool(&body, "stored", stored);
    mp_map_text(&private_, "name", name);
    part_text(&private_, "path", path);
    int rc = journal_add(&run->journal, &event, &body, &private_, NULL, err);
    part_done(&body, &private_);
    return rc;
}

void part_step(const struct running *run, size_t index, const char *span, const char *status, struct mp_map *body) {
    mp_map_text(body, "step", run->pack->steps.items[index].id);
    mp_map_uint(body, "index", index);
    mp_map_text(body, "span", bytes_of(span));
    mp_map_text(body, "status", bytes_of(status));
}

struct bytes part_media_type(const struct running *run, struct bytes name) {
    for (size_t i = 0; i < run->pack->artifacts.n; i++) {
        if (bytes_eq(run->pack->artifacts.items[i].name, name)) return run->pack->artifacts.items[i].media_type;
    }
    return (struct bytes){0};
}

int part_end(struct running *run, size_t index, const char *span, uint64_t cause, const struct step_end *end,
             const struct decision *no, struct mp_map *body, struct mp_map *private_, struct err *err) {
    struct journal_event event = part_fact;
    event.kind = "run.step";
    event.name = run->id;
    event.cause = cause != LOG_NO_SEQ ? cause : run->started;
    part_step(run, index, span, run_status_name(end->status), body);
    mp_map_text(body, "error", bytes_of(end->error));
    part_text(private_, "detail", end->why);
    if (no != NULL) part_seqs(body, "evidence", no->evidence, no->n_evidence);
    return journal_add(&run->journal, &event, body, private_, NULL, err);
}

int part_use(struct running *run, const struct part_use *use, const struct journal_event *event, struct err *err) {
    const char *session = run->options->session;
    struct mp_map body, private_;
    part_init(&body, &private_);
    mp_map_text(&body, "group", use->group);
    mp_map_text(&body, "scope", use->scope);
    mp_map_text(&body, "tier", use->tier);
    mp_map_text(&body, "session", bytes_of(session != NULL ? session : ""));
    if (use->whole) {
        mp_map_bool(&body, "whole", true);
    }
    if (use->count > 1) {
        mp_map_uint(&body, "count", use->count);
    }
    part_text(&private_, "target", use->target != NULL ? use->target : "");
    int rc = journal_add(&run->journal, event, &body, &private_, NULL, err);
    part_done(&body, &private_);
    return rc;
}

void part_call(const struct running *run, const struct tool *tool, const char *span, struct mp_map *body) {
    const char *session = run->options->session;
    mp_map_text(body, "tool", tool->route->program);
    mp_map_text(body, "call", bytes_of(span));
    mp_map_text(body, "session", bytes_of(session != NULL ? session : ""));
}
