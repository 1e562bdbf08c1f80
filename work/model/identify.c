/* Which model is behind a name.
 *
 *   Ollama   POST /api/show   the file of the weights, whose name is their digest; family, context, remote host
 *            GET /api/ps      is it loaded? then the digest of its manifest
 *            GET /api/tags    otherwise the digest that the name leads to
 *   OpenAI   GET /v1/models   is it in the list; context. There is no digest in this protocol
 *            GET /props       llama.cpp, on this box: the file that it serves; other servers do not have it */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mp.h"
#include "base/obj.h"
#include "base/text.h"
#include "work/model/site.h"

#define ANSWER_MAX  ((size_t)8 << 20)
#define TIMEOUT_MS  10000
#define HEX_DIGITS  64
#define CONTEXT_KEY ".context_length"

struct look {
    struct work_model *site;
    const char *name;
    const struct work_stop *stop;
    uint64_t until_ns;
    struct work_identity *id;
    struct buf text, mp;
};

/* ---- one question ---- */

static int fail(struct look *l, enum work_call_end end, const char *path, const char *words) {
    char url[SITE_URL_MAX];
    snprintf(url, sizeof(url), "%s%s", l->site->base, path);
    l->id->end = end;
    site_why(l->site, url, words, l->id->why);
    return 0;
}

static int fail_status(struct look *l, const char *path, unsigned status) {
    char words[SITE_WORDS_MAX], text[SITE_WORDS_MAX + 64];
    bool no_model = false;
    site_words(l->site, bytes_of_buf(&l->text), words, &no_model);
    snprintf(text, sizeof(text), "status %u%s; expected: 200", status, words);
    return fail(l, site_status_end(status, no_model && (status == 404 || status == 400)), path, text);
}

/* Asks, and leaves an object in l->mp. What goes wrong is in l->id; the result is for what is this process's own. */
static int ask(struct look *l, const char *path, struct bytes body, struct err *err) {
    char url[SITE_URL_MAX];
    struct http_answer answer;
    struct err why = {0};
    struct mp_reader r;
    struct mp_item head;
    enum work_call_end end;
    uint32_t left = site_left_ms(l->until_ns);
    struct http_request request = {
        .url = url,
        .content_type = body.n > 0 ? "application/json" : NULL,
        .body = body,
        .limits = {.bytes_max = ANSWER_MAX, .total_ms = left > 0 ? left : 1, .slow_s = left / 1000 + 1},
        .to = &l->text};
    snprintf(url, sizeof(url), "%s%s", l->site->base, path);
    buf_clear(&l->text);
    buf_clear(&l->mp);
    int rc = site_fetch(l->site, &request, l->stop, &answer, &end, &why);
    l->id->status = answer.status;
    if (rc == ERR_NET) return fail(l, end, path, why.msg);
    if (rc != 0) return err_set(err, rc, "%s: %s", url, why.msg);
    if (answer.status != 200) return fail_status(l, path, answer.status);
    rc = json_to_mp(bytes_of_buf(&l->text), &l->mp, &why);
    if (rc == ERR_NOMEM) return err_set(err, rc, "out of memory");
    mp_reader_init(&r, bytes_of_buf(&l->mp));
    if (rc != 0 || !mp_take(&r, MP_MAP, &head)) {
        return fail(l, WORK_CALL_BAD_ANSWER, path, "the answer is not JSON; expected: an object");
    }
    return 0;
}

/* ---- reading ---- */

static void take(char *ret, size_t size, struct bytes text) {
    snprintf(ret, size, "%.*s", (int)(text.n < size ? text.n : size), text.n > 0 ? (const char *)text.p : "");
    ret[text_utf8_valid((const uint8_t *)ret, strlen(ret))] = '\0';
}

static bool take_digest(char ret[WORK_DIGEST_TEXT], struct bytes hex) {
    uint8_t raw[HEX_DIGITS / 2];
    if (bytes_has_prefix(hex, "sha256:")) hex = (struct bytes){hex.p + 7, hex.n - 7};
    if (text_unhex(raw, sizeof(raw), hex) != 0) return false;
    snprintf(ret, WORK_DIGEST_TEXT, "sha256:%.*s", HEX_DIGITS, (const char *)hex.p);
    return true;
}

static struct bytes map_in(struct bytes map, const char *name) {
    struct bytes raw;
    struct mp_reader r;
    struct mp_item head;
    if (map.n == 0 || mp_map_get(map, name, &raw) != 0) return (struct bytes){NULL, 0};
    mp_reader_init(&r, raw);
    return mp_take(&r, MP_MAP, &head) ? raw : (struct bytes){NULL, 0};
}

/* The last FROM line of a Modelfile that ends in "sha256-" or "sha256:" and 64 digits. */
static void take_weights(struct work_identity *id, struct bytes modelfile) {
    while (modelfile.n > 0) {
        const uint8_t *end = bytes_find(modelfile, '\n');
        struct bytes line = {modelfile.p, end != NULL ? (size_t)(end - modelfile.p) : modelfile.n};
        modelfile = (struct bytes){line.p + line.n, modelfile.n - line.n};
        modelfile = modelfile.n > 0 ? (struct bytes){modelfile.p + 1, modelfile.n - 1} : modelfile;
        struct bytes last = {line.p + (line.n > HEX_DIGITS ? line.n - HEX_DIGITS : 0), HEX_DIGITS};
        bool named = bytes_has_prefix(line, "FROM ") && line.n > 5 + 7 + HEX_DIGITS &&
                     (memcmp(last.p - 7, "sha256-", 7) == 0 || memcmp(last.p - 7, "sha256:", 7) == 0);
        if (named && id->weights[0] == '\0') take_digest(id->weights, last);
    }
}

/* "llama.context_length": the architecture is in the name. */
static void take_context(struct work_identity *id, struct bytes info) {
    struct mp_reader r;
    struct mp_item head, key, value;
    struct bytes raw;
    mp_reader_init(&r, info);
    for (uint32_t i = 0, n = mp_take(&r, MP_MAP, &head) ? head.count : 0; i < n; i++) {
        if (mp_next(&r, &key, NULL) != 0 || mp_skip(&r, 1, &raw, NULL) != 0) return;
        size_t m = strlen(CONTEXT_KEY);
        if (key.data.n > m && memcmp(key.data.p + key.data.n - m, CONTEXT_KEY, m) == 0 && mp_scalar(raw, &value) == 0 &&
            value.type == MP_UINT) {
            id->context = value.uint;
        }
    }
}

/* The element of a list that has this name; empty: none. */
static struct bytes find(struct bytes map, const char *list, const char *member, const char *name) {
    struct mp_reader r, of;
    struct mp_item head, item;
    struct bytes raw, element;
    char latest[WORK_MODEL_NAME_MAX + 8];
    snprintf(latest, sizeof(latest), "%s:latest", name);
    if (mp_map_get(map, list, &raw) != 0) return (struct bytes){NULL, 0};
    mp_reader_init(&r, raw);
    for (uint32_t i = 0, n = mp_take(&r, MP_ARRAY, &head) ? head.count : 0; i < n; i++) {
        if (mp_skip(&r, 1, &element, NULL) != 0) break;
        mp_reader_init(&of, element);
        if (!mp_take(&of, MP_MAP, &item)) continue;
        struct bytes is = mp_get_text(element, member);
        if (bytes_is(is, name) || bytes_is(is, latest)) return element;
    }
    return (struct bytes){NULL, 0};
}

/* ---- the protocols ---- */

static int show(struct look *l, struct err *err) {
    struct obj question = {0};
    struct buf body = {.max = (size_t)16 << 10};
    obj_text(&question, "model", l->name);
    int rc = obj_json(&question, JSON_LINE, &body, err);
    if (rc == 0) rc = ask(l, "/api/show", bytes_of_buf(&body), err);
    obj_done(&question);
    buf_done(&body);
    if (rc != 0 || l->id->end != WORK_CALL_OK) return rc;
    struct bytes map = bytes_of_buf(&l->mp);
    take_weights(l->id, mp_get_text(map, "modelfile"));
    struct bytes details = map_in(map, "details");
    if (details.n > 0) take(l->id->family, sizeof(l->id->family), mp_get_text(details, "family"));
    take_context(l->id, map_in(map, "model_info"));
    l->id->remote = mp_get_text(map, "remote_host").n > 0;
    return 0;
}

static int list(struct look *l, const char *path, bool loaded, struct err *err) {
    int rc = ask(l, path, (struct bytes){NULL, 0}, err);
    if (rc != 0 || l->id->end != WORK_CALL_OK) return rc;
    struct bytes entry = find(bytes_of_buf(&l->mp), "models", "name", l->name);
    if (entry.n == 0) return 0;
    take(l->id->name, sizeof(l->id->name), mp_get_text(entry, "name"));
    l->id->loaded = take_digest(l->id->manifest, mp_get_text(entry, "digest")) && loaded;
    return 0;
}

static int openai(struct look *l, struct err *err) {
    int rc = ask(l, "/v1/models", (struct bytes){NULL, 0}, err);
    if (rc != 0 || l->id->end != WORK_CALL_OK) return rc;
    struct bytes entry = find(bytes_of_buf(&l->mp), "data", "id", l->name);
    if (entry.n == 0) {
        char words[WORK_MODEL_NAME_MAX + 64];
        snprintf(words, sizeof(words), "no model '%s'; expected: one of the list", l->name);
        return fail(l, WORK_CALL_NO_MODEL, "/v1/models", words);
    }
    take(l->id->name, sizeof(l->id->name), mp_get_text(entry, "id"));
    struct bytes meta = map_in(entry, "meta");                          /* llama.cpp */
    l->id->context = mp_get_uint(entry, "max_model_len", WORK_UNKNOWN); /* vLLM */
    if (meta.n > 0 && l->id->context == WORK_UNKNOWN) l->id->context = mp_get_uint(meta, "n_ctx_train", WORK_UNKNOWN);
    return 0;
}

/* Another server has no such page, which is nothing wrong. */
static int props(struct look *l, struct err *err) {
    struct work_identity *was = malloc(sizeof(*was));
    if (was == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    *was = *l->id;
    int rc = ask(l, "/props", (struct bytes){NULL, 0}, err);
    const bool good = rc == 0 && l->id->end == WORK_CALL_OK;
    const struct bytes path = good ? mp_get_text(bytes_of_buf(&l->mp), "model_path") : (struct bytes){NULL, 0};
    *l->id = *was;
    if (path.n > 0 && path.n < sizeof(l->id->path) && path.p[0] == '/') take(l->id->path, sizeof(l->id->path), path);
    free(was);
    return rc;
}

int work_model_identify(struct work_model *model, const char *name, uint32_t timeout_ms, const struct work_stop *stop,
                        struct work_identity *ret, struct err *err) {
    struct look l = {.site = model, .name = name, .stop = stop, .id = ret};
    struct err why = {0};
    enum work_call_end end = WORK_CALL_OK;
    size_t n = name != NULL ? strlen(name) : 0;
    *ret = (struct work_identity){.context = WORK_UNKNOWN};
    if (n == 0 || n >= WORK_MODEL_NAME_MAX || text_utf8_valid((const uint8_t *)name, n) != n) {
        return err_set(err, ERR_INVALID, "expected: a model's name of 1 to %d bytes of text", WORK_MODEL_NAME_MAX - 1);
    }
    l.until_ns = clock_monotonic_ns() + (timeout_ms != 0 ? timeout_ms : TIMEOUT_MS) * SITE_NS_PER_MS;
    int rc = site_ready(model, stop, l.until_ns, &end, &why);
    if (rc == ERR_NET) return fail(&l, end, "", why.msg);
    if (rc != 0) return err_set(err, rc, "%s", why.msg);
    buf_init(&l.text, ANSWER_MAX);
    buf_init(&l.mp, ANSWER_MAX * 4);
    if (model->protocol == WORK_OPENAI) {
        rc = openai(&l, err);
        if (rc == 0 && ret->end == WORK_CALL_OK && model->place.loopback) rc = props(&l, err);
    } else {
        rc = show(&l, err);
        if (rc == 0 && ret->end == WORK_CALL_OK) rc = list(&l, "/api/ps", true, err);
        if (rc == 0 && ret->end == WORK_CALL_OK && ret->manifest[0] == '\0') rc = list(&l, "/api/tags", false, err);
    }
    site_mask_text(model, ret->name);
    site_mask_text(model, ret->family);
    buf_done(&l.text);
    buf_done(&l.mp);
    return rc;
}
