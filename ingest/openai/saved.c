/* Saved answers: files with one JSON document, with one JSON object on each line, or with metrics; gzip too. Each answer is taken by
 * itself: what it says was there is recorded, and nothing is concluded from what it does not say. */
#include <stdio.h>
#include <string.h>

#include "ingest/driver/load.h"
#include "ingest/openai/openai.h"

struct saved {
    struct intake *run;
    struct openai_view view;
    struct buf text, parsed;
};

static int reject(struct saved *s, const char *group, const char *why) {
    return intake_reject(s->run, &s->view.place, group, why);
}

static int take_models(struct saved *s, enum served_form form, struct bytes map, struct err *err) {
    struct openai_facts f;
    openai_facts_init(&f);
    f.server = served_server_of_list(form, map);
    int rc = openai_read_models(&f, form, map, s->run, &s->view.place, err);
    for (size_t i = 0; i < f.n_models && rc == 0; i++) {
        rc = openai_event_model(&s->view, f.server, &f.models[i], 0, 0, err);
        if (rc == 0 && f.models[i].loaded == SEEN_ON) rc = openai_event_model(&s->view, f.server, &f.models[i], 1, 0, err);
    }
    if (rc == 0 && f.n_models == 0 && !f.cut) rc = reject(s, NULL, "the list of models is empty");
    openai_facts_done(&f);
    return rc;
}

static int take_server(struct saved *s, enum served_form form, struct bytes raw, struct err *err) {
    struct openai_facts f;
    openai_facts_init(&f);
    if (form == SERVED_PROPS) openai_read_props(&f, raw);
    if (form == SERVED_SLOTS) openai_read_slots(&f, raw);
    if (form == SERVED_LOADING) {
        f.server = served_server_find("llama.cpp");
        snprintf(f.status, sizeof(f.status), "loading");
    }
    return openai_event_observed(&s->view, &f, 0, err);
}

static int take(struct saved *s, struct bytes raw, struct err *err) {
    enum served_form form = served_classify(raw);
    switch (form) {
    case SERVED_MODELS:
    case SERVED_LMS_V0:
    case SERVED_LMS_V1:
        return take_models(s, form, raw, err);
    case SERVED_PROPS:
    case SERVED_SLOTS:
    case SERVED_LOADING:
        return take_server(s, form, raw, err);
    case SERVED_COMPLETION:
        return openai_event_call(&s->view, raw, err);
    case SERVED_HEALTH:
    case SERVED_VERSION:
        return reject(s, NULL, "the answer alone does not say which server it is of");
    case SERVED_ERROR:
        return reject(s, NULL, "the answer is an error");
    default:
        return ERR_INVALID;
    }
}

static int refuse(struct saved *s, const char *group, struct err *why) {
    load_name_foreign(s->view.place.file, bytes_of_buf(&s->text), "ingest openai", why);
    return reject(s, group, why->msg);
}

static int take_unknown(struct saved *s) {
    struct err why = {0};
    err_set(&why, ERR_INVALID,
            "not an answer of a server with OpenAI's interface; expected: a list of models, /props, /slots, /metrics, or a "
            "completion");
    return refuse(s, NULL, &why);
}

static int take_metrics(struct saved *s, struct err *err) {
    struct openai_facts f;
    size_t n = 0;
    openai_facts_init(&f);
    int rc = openai_read_metrics(&f, bytes_of_buf(&s->text), s->run, &s->view.place, &n, err);
    if (rc == 0 && served_server_is_any(f.server)) {
        return n > 0 ? reject(s, NULL, "the metrics name no known server of models") : take_unknown(s);
    }
    rc = rc == 0 ? openai_event_observed(&s->view, &f, 0, err) : rc;
    openai_facts_done(&f);
    return rc;
}

static int take_text(struct saved *s, struct bytes text, struct err *err) {
    struct err why = {0};
    buf_clear(&s->parsed);
    int rc = openai_parse(text, &s->parsed, &why);
    if (rc == ERR_NOMEM) return err_set(err, rc, "%s", why.msg);
    if (rc != 0) return refuse(s, strncmp(why.msg, "not valid JSON", 14) == 0 ? "not valid JSON" : NULL, &why);
    rc = take(s, bytes_of_buf(&s->parsed), err);
    return rc == ERR_INVALID ? take_unknown(s) : rc;
}

/* One object on each line. */
static int take_lines(struct saved *s, struct err *err) {
    struct bytes left = bytes_of_buf(&s->text);
    int rc = 0;
    for (uint64_t line = 1; left.n > 0 && rc == 0 && !intake_stopped(s->run); line++) {
        const uint8_t *lf = memchr(left.p, '\n', left.n);
        size_t n = lf != NULL ? (size_t)(lf - left.p) : left.n;
        s->view.place.line = line;
        s->view.place.offset = (uint64_t)(left.p - s->text.p);
        if (n > 0 && !(n == 1 && left.p[0] == '\r')) rc = take_text(s, (struct bytes){left.p, n}, err);
        n += lf != NULL;
        left = (struct bytes){left.p + n, left.n - n};
    }
    return rc;
}

/* Whether the first of several lines is JSON by itself, so that the whole is not. */
static bool has_lines(struct saved *s) {
    struct bytes all = bytes_of_buf(&s->text);
    const uint8_t *lf = memchr(all.p, '\n', all.n);
    if (lf == NULL || lf + 1 == all.p + all.n) return false;
    buf_clear(&s->parsed);
    return openai_parse((struct bytes){all.p, (size_t)(lf - all.p)}, &s->parsed, NULL) == 0;
}

static int take_file(struct saved *s, struct err *err) {
    struct bytes all = bytes_of_buf(&s->text);
    size_t at = 0;
    while (at < all.n && (all.p[at] == ' ' || all.p[at] == '\n' || all.p[at] == '\r' || all.p[at] == '\t')) {
        at++;
    }
    if (at == all.n) return reject(s, NULL, "the file is empty");
    if (all.p[at] != '{' && all.p[at] != '[') return take_metrics(s, err);
    return has_lines(s) ? take_lines(s, err) : take_text(s, all, err);
}

static int read_file(struct saved *s, const char *path, struct err *err) {
    struct err why = {0};
    s->view.place = (struct ingest_place){.file = path};
    buf_clear(&s->text);
    intake_begin(s->run, path);
    int rc = load_file(s->run, path, OPENAI_DOC_MAX, &s->text, &why);
    if (load_is_bad(rc)) {
        rc = intake_reject_file(s->run, path, 0, &why);
    } else if (rc != 0) {
        rc = err_set(err, rc, "%s", why.msg);
    } else if (!intake_stopped(s->run)) {
        rc = take_file(s, err);
    }
    return rc == 0 ? intake_end(s->run, err) : rc;
}

int openai_saved_read(struct intake *run, const char *const *paths, size_t n, struct err *err) {
    struct saved s = {.run = run};
    int rc = 0;
    openai_view_init(&s.view, run, NULL);
    buf_init(&s.text, OPENAI_DOC_MAX + LOAD_PIECE);
    buf_init(&s.parsed, OPENAI_MP_MAX);
    for (size_t i = 0; i < n && rc == 0 && !intake_stopped(run); i++) {
        rc = read_file(&s, paths[i], err);
    }
    buf_done(&s.text);
    buf_done(&s.parsed);
    return rc;
}
