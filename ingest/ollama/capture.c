/* Saved answers: files of a server's answers, one JSON document or one JSON object per line, plain or gzip.
 *
 * A document may span many lines, so the beginning of the file is read into memory first: when the whole file fits and
 * parses as one object, it is one answer; otherwise each line is one. Lists of models and of loaded models are compared
 * with the previous ones of the same run, in the given order; a run begins with an empty state. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/archive/gz.h"
#include "ingest/driver/recognize.h"
#include "ingest/ollama/ollama.h"

struct capture {
    struct intake *run;
    struct ollama_view view;
    struct ollama_state state; /* of this run only */
    struct ollama_stream *stream;
    uint8_t models_digest[HASH_LEN], loaded_digest[HASH_LEN]; /* of the newest list of each form */
    struct buf text, parsed, scratch;
    uint64_t line, offset;
};

/* ---- one answer --------------------------------------------------------------------------------------------------- */

static int reject(struct capture *c, const char *group, const char *why) {
    return intake_reject(c->run, &c->view.place, group, why);
}

static int take_list(struct capture *c, enum ollama_form form, struct bytes map, struct err *err) {
    struct ollama_lists lists = {0};
    uint8_t *newest = form == OLLAMA_PS ? c->loaded_digest : c->models_digest;
    memcpy(c->view.before, newest, HASH_LEN);
    hash_parts(c->view.now, &map, 1);
    int rc = ollama_lists_read(&lists, form, map, c->run, &c->view.place, err);
    if (rc == 0) rc = ollama_diff(&c->view, &c->state, &lists, NULL, err);
    if (form == OLLAMA_TAGS && !lists.cut_models) {
        c->state.runtime.looked = true;
    }
    memcpy(newest, c->view.now, HASH_LEN);
    ollama_lists_done(&lists);
    return rc;
}

static int take_version(struct capture *c, struct bytes map, struct err *err) {
    struct ollama_runtime r = {.cloud = -1};
    struct bytes version = member_word(map, "version");
    if (version.n == 0 || version.n >= sizeof(r.version)) {
        return reject(c, NULL, "the answer's 'version' is not a version");
    }
    snprintf(r.version, sizeof(r.version), "%.*s", (int)version.n, (const char *)version.p);
    return ollama_event_runtime(&c->view, &r, map, err);
}

/* An answer of /api/show: the weights when it has their digest, otherwise the model's details. */
static int take_show(struct capture *c, struct bytes map, struct err *err) {
    struct ollama_identity identity;
    struct ollama_model model;
    struct err why = {0};
    buf_clear(&c->scratch);
    int rc = ollama_show_read(map, (struct bytes){NULL, 0}, &identity, &c->scratch, &why);
    if (rc != 0) {
        return rc == ERR_INVALID ? reject(c, NULL, why.msg) : err_set(err, rc, "%s", why.msg);
    }
    if (identity.weights.there) return ollama_event_identified(&c->view, &identity, err);
    ollama_show_model(map, identity.name, &model);
    return ollama_event_observed(&c->view, &model, 0, err);
}

static int take(struct capture *c, struct bytes map, struct err *err) {
    enum ollama_form form = ollama_classify(map);
    bool pieces = form == OLLAMA_GENERATE || form == OLLAMA_CHAT || form == OLLAMA_EMBED || form == OLLAMA_PROGRESS ||
                  form == OLLAMA_ERROR;
    if (pieces) return ollama_stream_take(c->stream, form, map, err);
    int rc = ollama_stream_end(c->stream, err);
    if (rc != 0) return rc;
    switch (form) {
    case OLLAMA_TAGS:
    case OLLAMA_PS:
        return take_list(c, form, map, err);
    case OLLAMA_VERSION:
        return take_version(c, map, err);
    case OLLAMA_SHOW:
        return take_show(c, map, err);
    case OLLAMA_EMPTY_LIST:
        return reject(c, NULL, "the list is empty, and does not show whether it is of models or of loaded models");
    case OLLAMA_STATUS:
        return reject(c, NULL, "the answer of /api/status alone gives no event");
    default:
        return reject(
            c, NULL,
            "the object is not an answer of ollama; expected: those of /api/version, tags, ps, show, generate, chat, "
            "embed, embeddings and pull");
    }
}

/* ---- lines -------------------------------------------------------------------------------------------------------- */

static bool is_blank(struct bytes text) {
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != ' ' && text.p[i] != '\t' && text.p[i] != '\r' && text.p[i] != '\n') {
            return false;
        }
    }
    return true;
}

static int take_text(struct capture *c, struct bytes text, bool ended, struct err *err) {
    struct err why = {0};
    if (is_blank(text)) return 0;
    buf_clear(&c->parsed);
    int rc = ollama_parse(text, &c->parsed, &why);
    if (rc == 0) return take(c, bytes_of_buf(&c->parsed), err);
    if (rc == ERR_NOMEM) return err_set(err, rc, "%s", why.msg);
    bool syntax = strncmp(why.msg, "not valid JSON", 14) == 0;
    return reject(c, !syntax ? NULL : ended ? "not valid JSON" : "the last line is cut off", why.msg);
}

/* Takes whole lines from the front of c->text. */
static int take_lines(struct capture *c, bool at_end, struct err *err) {
    size_t at = 0;
    int rc = 0;
    while (rc == 0 && at < c->text.n && !intake_stopped(c->run)) {
        const uint8_t *begin = c->text.p + at;
        const uint8_t *end = memchr(begin, '\n', c->text.n - at);
        if (end == NULL && !at_end) break;
        size_t n = end != NULL ? (size_t)(end - begin) : c->text.n - at;
        c->view.place.line = ++c->line;
        c->view.place.offset = c->offset + at;
        rc = take_text(c, (struct bytes){begin, n}, end != NULL, err);
        at += n + (end != NULL);
    }
    memmove(c->text.p, c->text.p + at, c->text.n - at);
    c->text.n -= at;
    c->offset += at;
    return rc;
}

/* ---- a file ------------------------------------------------------------------------------------------------------- */

/* Reads until the buffer is full or the input ends. */
static int fill(struct capture *c, struct gz *gz, struct err *err) {
    int rc = 0;
    while (rc == 0 && !gz_at_end(gz) && c->text.n < c->text.max && !intake_stopped(c->run)) {
        size_t room = c->text.max - c->text.n, n = 0;
        uint8_t *p = buf_room(&c->text, room < 65536 ? room : 65536);
        if (p == NULL) return err_set(err, ERR_NOMEM, "out of memory");
        rc = gz_read(gz, p, room < 65536 ? room : 65536, &n, err);
        lines_digest_put(intake_digest(c->run), (struct bytes){p, n});
        c->text.n += n;
    }
    return rc;
}

/* The whole file is one object, or its first line is one; otherwise it is rejected. */
static int take_beginning(struct capture *c, bool whole, bool *ret_done, struct err *err) {
    struct err why = {0};
    const uint8_t *end = bytes_find(bytes_of_buf(&c->text), '\n');
    struct bytes all = bytes_of_buf(&c->text), first = {all.p, end != NULL ? (size_t)(end - all.p) : all.n};
    *ret_done = true;
    c->view.place.line = 0;
    c->view.place.offset = 0;
    if (whole && is_blank(all)) return reject(c, NULL, "the file is empty");
    buf_clear(&c->parsed);
    int rc = whole ? ollama_parse(all, &c->parsed, &why) : ERR_LIMIT;
    if (rc == 0) return take(c, bytes_of_buf(&c->parsed), err);
    buf_clear(&c->parsed);
    int line = first.n < all.n ? ollama_parse(first, &c->parsed, NULL) : rc;
    if (rc == ERR_NOMEM || line == ERR_NOMEM) return err_set(err, ERR_NOMEM, "out of memory");
    *ret_done = line != 0;
    if (line != 0 && !whole) {
        char words[160];
        snprintf(words, sizeof(words), "neither one JSON document of at most %zu bytes nor one JSON object a line",
                 OLLAMA_DOC_MAX);
        return reject(c, NULL, words);
    }
    return line != 0 ? reject(c, strncmp(why.msg, "not valid JSON", 14) == 0 ? "not valid JSON" : NULL, why.msg) : 0;
}

static int take_file(struct capture *c, struct gz *gz, struct err *err) {
    bool done = false;
    buf_clear(&c->text);
    c->line = c->offset = 0;
    int rc = fill(c, gz, err);
    if (rc == 0) rc = take_beginning(c, gz_at_end(gz), &done, err);
    while (rc == 0 && !done && !intake_stopped(c->run)) {
        size_t before = c->text.n;
        rc = take_lines(c, gz_at_end(gz), err);
        if (rc == 0 && c->text.n == before && before == c->text.max) {
            char words[96];
            snprintf(words, sizeof(words), "a line is longer than %zu bytes; nothing after it is read", OLLAMA_DOC_MAX);
            c->view.place.line = c->line + 1;
            return reject(c, NULL, words);
        }
        done = gz_at_end(gz) && c->text.n == 0;
        if (rc == 0 && !done) rc = fill(c, gz, err);
    }
    return rc;
}

static int read_file(struct capture *c, const char *path, struct err *err) {
    static const char *const marks[] = {"\"created_at\"", "\"modelfile\"", "\"model_info\"", "\"expires_at\"", NULL};
    static const struct recognize_own own = {.marks = marks, .wanted = "saved answers of Ollama"};
    bool foreign = false;
    struct gz *gz = NULL;
    c->view.place = (struct ingest_place){.file = path};
    intake_begin(c->run, path);
    int rc = gz_open(path, GZ_DETECT, UINT64_MAX, &gz, err);
    if (rc != 0) return rc;
    rc = recognize_input(c->run, gz, path, &own, &foreign, err);
    if (rc == 0 && !foreign) rc = take_file(c, gz, err);
    int ended = rc == 0 ? ollama_stream_end(c->stream, err) : 0;
    gz_close(gz);
    if (rc == 0) rc = ended;
    if (rc == 0) rc = intake_end(c->run, err);
    return rc;
}

int ollama_capture_read(struct intake *run, const char *const *paths, size_t n, struct err *err) {
    struct capture c = {.run = run};
    ollama_view_init(&c.view, run, NULL, "saved answers");
    c.view.saved = true;
    c.view.grade = "reported";
    ollama_state_init(&c.state, "saved answers");
    buf_init(&c.text, OLLAMA_DOC_MAX);
    buf_init(&c.parsed, OLLAMA_MP_MAX);
    buf_init(&c.scratch, OLLAMA_MP_MAX);
    c.stream = ollama_stream_new(&c.view);
    int rc = c.stream != NULL ? 0 : err_set(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < n && rc == 0 && !intake_stopped(run); i++) {
        rc = read_file(&c, paths[i], err);
    }
    ollama_stream_free(c.stream);
    ollama_state_done(&c.state);
    buf_done(&c.text);
    buf_done(&c.parsed);
    buf_done(&c.scratch);
    return rc;
}
