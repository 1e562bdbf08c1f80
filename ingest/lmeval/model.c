/* Which model an evaluation is about. The harness has a name (a repository's, a server's, or the path of a directory), the
 * repository's commit if there is one, and a digest of the weights only where the name or the path contains one:
 *
 *   Qwen/Qwen2.5-7B                                           a repository's name
 *   /home/x/.cache/.../models--Qwen--Qwen2.5-7B/snapshots/<40 hex>   the same, and its commit
 *   /data/models/my-model/                                    the last part is the name, the path is private
 *   /.../blobs/sha256-<64 hex>, model@sha256:<64 hex>         with a digest
 *
 * A missing name is taken from the model's arguments, by the names and in the order that the harness itself uses. */
#include <string.h>

#include "ingest/lmeval/lmeval.h"

#define NO_BYTES ((struct bytes){NULL, 0})

/* ---- arguments ---------------------------------------------------------------------------------------------------- */

static struct bytes trimmed(struct bytes t) {
    while (t.n > 0 && (t.p[0] == ' ' || t.p[0] == '\t')) {
        t.p++;
        t.n--;
    }
    while (t.n > 0 && (t.p[t.n - 1] == ' ' || t.p[t.n - 1] == '\t')) {
        t.n--;
    }
    return t;
}

/* "a=1,b=2", or a map. */
static struct bytes argument(struct bytes args, const char *name) {
    if (lmeval_is(args, MP_MAP)) return lmeval_text(lmeval_get(args, name));
    struct bytes rest = lmeval_text(args);
    while (rest.n > 0) {
        const uint8_t *comma = memchr(rest.p, ',', rest.n);
        struct bytes one = {rest.p, comma != NULL ? (size_t)(comma - rest.p) : rest.n};
        const uint8_t *equal = memchr(one.p, '=', one.n);
        if (equal != NULL && bytes_is(trimmed((struct bytes){one.p, (size_t)(equal - one.p)}), name)) {
            return trimmed((struct bytes){equal + 1, (size_t)(one.p + one.n - equal - 1)});
        }
        size_t step = one.n + (comma != NULL);
        rest.p += step;
        rest.n -= step;
    }
    return NO_BYTES;
}

/* ---- names -------------------------------------------------------------------------------------------------------- */

static bool is_path(struct bytes t) {
    bool drive = t.n > 2 && t.p[1] == ':' && (t.p[2] == '\\' || t.p[2] == '/');
    return drive || bytes_has_prefix(t, "/") || bytes_has_prefix(t, "./") || bytes_has_prefix(t, "../") ||
           bytes_has_prefix(t, "~") || bytes_has_prefix(t, "file:") || (t.n > 0 && memchr(t.p, '\\', t.n) != NULL);
}

static size_t hex_run(struct bytes t, size_t from) {
    size_t i = from;
    while (i < t.n &&
           ((t.p[i] >= '0' && t.p[i] <= '9') || (t.p[i] >= 'a' && t.p[i] <= 'f') || (t.p[i] >= 'A' && t.p[i] <= 'F'))) {
        i++;
    }
    return i - from;
}

/* The part from `mark` to the next slash; empty without the mark. */
static struct bytes after(struct bytes t, const char *mark) {
    size_t n = strlen(mark);
    const uint8_t *p = t.n > 0 ? memmem(t.p, t.n, mark, n) : NULL;
    if (p == NULL) return NO_BYTES;
    struct bytes rest = {p + n, (size_t)(t.p + t.n - p) - n};
    const uint8_t *slash = memchr(rest.p, '/', rest.n);
    rest.n = slash != NULL ? (size_t)(slash - rest.p) : rest.n;
    return rest;
}

/* "Qwen--Qwen2.5-7B" becomes "Qwen/Qwen2.5-7B", stored in `room`. */
static struct bytes repository(struct bytes t, char room[LMEVAL_NAME_MAX]) {
    const uint8_t *dashes = memmem(t.p, t.n, "--", 2);
    if (dashes == NULL || t.n > LMEVAL_NAME_MAX) return t;
    size_t owner = (size_t)(dashes - t.p);
    memcpy(room, t.p, owner);
    room[owner] = '/';
    memcpy(room + owner + 1, dashes + 2, t.n - owner - 2);
    return (struct bytes){(const uint8_t *)room, t.n - 1};
}

static struct bytes last_part(struct bytes t) {
    while (t.n > 0 && (t.p[t.n - 1] == '/' || t.p[t.n - 1] == '\\')) {
        t.n--;
    }
    size_t from = t.n;
    while (from > 0 && t.p[from - 1] != '/' && t.p[from - 1] != '\\') {
        from--;
    }
    return (struct bytes){t.p + from, t.n - from};
}

/* The name without its path. */
static struct bytes plain_name(struct bytes t, char room[LMEVAL_NAME_MAX]) {
    struct bytes cached = after(t, "models--");
    struct bytes name = !is_path(t) ? t : cached.n > 0 ? repository(cached, room) : last_part(t);
    return name.n <= LMEVAL_NAME_MAX ? name : NO_BYTES;
}

static struct bytes digest_in(struct bytes t) {
    static const char *const marks[] = {"sha256:", "sha256-"};
    for (size_t i = 0; i < 2; i++) {
        struct bytes rest = after(t, marks[i]);
        if (hex_run(rest, 0) == LMEVAL_HEX_LEN) return (struct bytes){rest.p, LMEVAL_HEX_LEN};
    }
    return NO_BYTES;
}

/* ---- the whole ---------------------------------------------------------------------------------------------------- */

void lmeval_model_read(struct lmeval_model *m, struct bytes config, struct bytes name, struct bytes source) {
    static const char *const by[] = {"peft", "delta", "pretrained", "model", "path", "engine"};
    struct bytes args = lmeval_get(config, "model_args"), whole = lmeval_text(name);
    memset(m, 0, sizeof(*m));
    for (size_t i = 0; i < sizeof(by) / sizeof(by[0]) && whole.n == 0; i++) {
        whole = argument(args, by[i]);
    }
    m->runtime = lmeval_word(source);
    m->runtime = m->runtime.n > 0 ? m->runtime : lmeval_word(lmeval_get(config, "model"));
    if (whole.n == 0) {
        whole = lmeval_text(lmeval_get(config, "model")); /* of a model that was passed as an object */
    }
    m->name = plain_name(whole, m->name_room);
    m->path = is_path(whole) || m->name.n == 0 ? whole : NO_BYTES;
    if (argument(args, "peft").n > 0 || argument(args, "delta").n > 0) {
        m->base = plain_name(argument(args, "pretrained"), m->base_room);
    }
    struct bytes sha = lmeval_get(config, "model_sha"), snapshot = after(whole, "/snapshots/");
    m->digest = digest_in(whole);
    m->digest = m->digest.n > 0 ? m->digest : lmeval_sha256(sha);
    m->revision = lmeval_sha256(sha).n > 0 ? NO_BYTES : lmeval_word(sha);
    if (m->revision.n == 0 && snapshot.n == 40 && hex_run(snapshot, 0) == 40) {
        m->revision = snapshot;
    }
    m->endpoint = item_url(argument(args, "base_url"), m->endpoint_room);
}

void lmeval_model_put(const struct lmeval_model *m, struct mp_map *fields) {
    mp_map_digest(fields, "digest", m->digest);
    mp_map_text(fields, "model", m->name);
    mp_map_text(fields, "revision", m->revision);
}
