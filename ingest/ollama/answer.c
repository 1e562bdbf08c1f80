/* Answers of ollama, from text to models. They have no type; their members identify them.
 *
 * A JSON tree takes many times the memory of its text, so both its bytes and its values are bounded before it is parsed.
 * Digests, times, numbers and words become open fields; the whole entry is also kept, unchanged, as a private field. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/json.h"
#include "base/secret/secret.h"
#include "base/text.h"
#include "ingest/ollama/ollama.h"

/* ---- JSON --------------------------------------------------------------------------------------------------------- */

int ollama_parse(struct bytes text, struct buf *out, struct err *err) {
    size_t before = out->n;
    int rc = member_parse(text, OLLAMA_DOC_MAX, OLLAMA_VALUES_MAX, out, err);
    struct mp_reader r;
    struct mp_item item;
    if (rc != 0) return rc;
    mp_reader_init(&r, (struct bytes){out->p + before, out->n - before});
    if (mp_next(&r, &item, NULL) != 0 || item.type != MP_MAP) {
        out->n = before;
        return err_set(err, ERR_INVALID, "the answer is not a JSON object");
    }
    return 0;
}

struct ollama_digest ollama_digest_of(struct bytes text) {
    struct ollama_digest d = {0};
    uint8_t hex[2 * HASH_LEN];
    if (bytes_has_prefix(text, "sha256:") || bytes_has_prefix(text, "sha256-")) {
        text = (struct bytes){text.p + 7, text.n - 7};
    }
    if (text.n != sizeof(hex)) return d;
    for (size_t i = 0; i < sizeof(hex); i++) {
        hex[i] = (uint8_t)(text.p[i] >= 'A' && text.p[i] <= 'F' ? text.p[i] + ('a' - 'A') : text.p[i]);
    }
    d.there = text_unhex(d.sha256, HASH_LEN, (struct bytes){hex, sizeof(hex)}) == 0;
    return d;
}

/* ---- classifying -------------------------------------------------------------------------------------------------- */

static bool has(struct bytes map, const char *name) {
    struct bytes raw;
    return mp_map_get(map, name, &raw) == 0;
}

/* The first entry decides; an empty list is of unknown form. */
static enum ollama_form classify_list(struct bytes map) {
    struct mp_reader r;
    struct bytes entry;
    uint32_t count = 0;
    if (member_list(map, "models", &r, &count).n == 0) {
        return member_raw(map, "models").n == 0 ? OLLAMA_EMPTY_LIST : OLLAMA_UNKNOWN;
    }
    if (count == 0) return OLLAMA_EMPTY_LIST;
    if (mp_skip(&r, 1, &entry, NULL) != 0) return OLLAMA_UNKNOWN;
    return has(entry, "expires_at") || has(entry, "size_vram") ? OLLAMA_PS : OLLAMA_TAGS;
}

static bool is_of(struct bytes map, const char *name, enum mp_type type) {
    return member_is(member_raw(map, name), type);
}

/* It has no other members than these; NULL at the end. */
static bool has_only(struct bytes map, const char *const *names) {
    struct mp_reader r;
    struct mp_item head;
    uint32_t there = 0;
    mp_reader_init(&r, map);
    for (; *names != NULL; names++) {
        there += has(map, *names);
    }
    return mp_next(&r, &head, NULL) == 0 && head.type == MP_MAP && there == head.count;
}

/* Other servers have similar answers, so each form is recognized by members that only it has, and their types. */
enum ollama_form ollama_classify(struct bytes map) {
    static const char *const progress[] = {"status", "digest", "total", "completed", "error", NULL};
    static const char *const version[] = {"version", NULL};
    if (has(map, "models")) return classify_list(map);
    if (member_text(map, "error").n > 0) return OLLAMA_ERROR;
    if (is_of(map, "embeddings", MP_ARRAY) || is_of(map, "embedding", MP_ARRAY)) {
        return OLLAMA_EMBED;
    }
    if (is_of(map, "done", MP_BOOL)) {
        /* a chat's last piece may lack the message, but never has a response */
        return has(map, "response") ? OLLAMA_GENERATE : OLLAMA_CHAT;
    }
    if (is_of(map, "details", MP_MAP) || has(map, "modelfile") || is_of(map, "model_info", MP_MAP)) {
        return OLLAMA_SHOW;
    }
    if (member_text(map, "status").n > 0 && has_only(map, progress)) return OLLAMA_PROGRESS;
    if (has(map, "cloud")) return OLLAMA_STATUS;
    return member_text(map, "version").n > 0 && has_only(map, version) ? OLLAMA_VERSION : OLLAMA_UNKNOWN;
}

/* ---- lists -------------------------------------------------------------------------------------------------------- */

static int read_name(struct bytes entry, struct bytes *ret, struct err *err) {
    struct mp_reader r;
    struct mp_item head;
    mp_reader_init(&r, entry);
    if (mp_next(&r, &head, NULL) != 0 || head.type != MP_MAP) {
        return err_set(err, ERR_INVALID, "an entry of 'models' is not an object");
    }
    *ret = member_text(entry, "name");
    if (ret->n == 0) {
        *ret = member_text(entry, "model");
    }
    return model_name_check(*ret, err);
}

static bool may_hold_user(struct bytes url) {
    return memchr(url.p, '@', url.n) != NULL || memchr(url.p, '?', url.n) != NULL;
}

void ollama_model_details(struct bytes details, struct ollama_model *m) {
    m->format = member_word(details, "format");
    m->family = member_word(details, "family");
    m->families = member_words(details, "families");
    m->parameters = member_word(details, "parameter_size");
    m->quantization = member_word(details, "quantization_level");
    m->made = member_text(details, "parent_model").n > 0;
    m->parent = member_word(details, "parent_model");
    m->context_length = member_number(details, "context_length");
    m->embedding_length = member_number(details, "embedding_length");
}

void ollama_model_remote(struct bytes map, struct ollama_model *m) {
    m->remote = member_text(map, "remote_model").n > 0 || member_text(map, "remote_host").n > 0;
    m->remote_model = member_word(map, "remote_model");
    m->remote_host = member_word(map, "remote_host");
    if (m->remote_host.n > 0 && may_hold_user(m->remote_host)) {
        m->remote_host.n = 0;
    }
}

int ollama_model_read(struct bytes entry, struct ollama_model *ret, struct err *err) {
    struct ollama_model m = {.raw = entry, .modified_at = MEMBER_NONE};
    int rc = read_name(entry, &m.name, err);
    if (rc != 0) return rc;
    m.manifest = ollama_digest_of(member_text(entry, "digest"));
    hash_parts(m.content, &entry, 1);
    ollama_model_details(member_raw(entry, "details"), &m);
    m.capabilities = member_words(entry, "capabilities");
    m.bytes = member_number(entry, "size");
    m.modified_at = member_time(entry, "modified_at");
    ollama_model_remote(entry, &m);
    *ret = m;
    return 0;
}

int ollama_loaded_read(struct bytes entry, struct ollama_loaded *ret, struct err *err) {
    struct ollama_loaded l = {.raw = entry};
    int rc = read_name(entry, &l.name, err);
    if (rc != 0) return rc;
    l.manifest = ollama_digest_of(member_text(entry, "digest"));
    l.bytes = member_number(entry, "size");
    l.vram_bytes = member_number(entry, "size_vram");
    l.context_length = member_number(entry, "context_length");
    l.expires = member_time(entry, "expires_at");
    uint8_t numbers[24];
    be64_put(numbers, l.bytes);
    be64_put(numbers + 8, l.vram_bytes);
    be64_put(numbers + 16, l.context_length);
    const struct bytes parts[] = {member_text(entry, "digest"), {numbers, sizeof(numbers)}};
    hash_parts(l.content, parts, 2);
    *ret = l;
    return 0;
}

void ollama_lists_done(struct ollama_lists *lists) {
    free(lists->models);
    free(lists->loaded);
    memset(lists, 0, sizeof(*lists));
}

struct ollama_model *ollama_lists_model(struct ollama_lists *lists) {
    size_t n = lists->n_models;
    if (n == OLLAMA_MODELS_MAX ||
        array_room(&lists->models, n + 1, &lists->cap_models, sizeof(*lists->models), NULL) != 0) {
        return NULL;
    }
    memset(&lists->models[n], 0, sizeof(lists->models[n]));
    return &lists->models[lists->n_models++];
}

static int read_entry(struct ollama_lists *lists, enum ollama_form form, struct bytes entry, struct err *err) {
    struct ollama_model model, *m;
    struct ollama_loaded loaded;
    int rc = form == OLLAMA_PS ? ollama_loaded_read(entry, &loaded, err) : ollama_model_read(entry, &model, err);
    if (rc != 0) return rc;
    if (form == OLLAMA_PS) {
        size_t n = lists->n_loaded;
        rc = n == OLLAMA_MODELS_MAX ? ERR_NOMEM
                                    : array_room(&lists->loaded, n + 1, &lists->cap_loaded, sizeof(loaded), NULL);
        if (rc == 0) {
            lists->loaded[lists->n_loaded++] = loaded;
        }
    } else {
        m = ollama_lists_model(lists);
        rc = m != NULL ? 0 : ERR_NOMEM;
        if (m != NULL) {
            *m = model;
        }
    }
    return rc != 0 ? err_set(err, rc, "ollama: out of memory for the list of models") : 0;
}

int ollama_lists_read(struct ollama_lists *lists, enum ollama_form form, struct bytes map, struct intake *run,
                      const struct ingest_place *place, struct err *err) {
    struct mp_reader r;
    uint32_t count = 0;
    int rc = 0;
    bool *cut = form == OLLAMA_PS ? &lists->cut_loaded : &lists->cut_models;
    *(form == OLLAMA_PS ? &lists->has_loaded : &lists->has_models) = true;
    if (member_list(map, "models", &r, &count).n == 0) {
        return 0; /* null: none */
    }
    for (uint32_t i = 0; i < count && rc == 0; i++) {
        struct bytes entry;
        struct err why = {0};
        if (i == OLLAMA_MODELS_MAX) {
            *cut = true;
            return intake_reject(run, place, NULL, "the list has more than 2048 models; the rest is ignored");
        }
        rc = mp_skip(&r, 1, &entry, err);
        if (rc == 0) rc = read_entry(lists, form, entry, &why);
        if (rc == ERR_INVALID) {
            *cut = true;
            rc = intake_reject(run, place, NULL, why.msg);
        } else if (rc != 0 && err != NULL && why.code != 0) {
            *err = why;
        }
    }
    return rc;
}

/* ---- manifests ---------------------------------------------------------------------------------------------------- */

/* One file as a manifest names it: a layer, or the configuration, whose digest may be empty. */
static int check_named(struct bytes raw, const char *where, bool may_be_empty, struct err *err) {
    struct mp_reader r;
    struct mp_item head;
    const char *wrong = NULL;
    mp_reader_init(&r, raw);
    if (mp_next(&r, &head, NULL) != 0 || head.type != MP_MAP) {
        wrong = "no object";
    } else if (!ollama_digest_of(member_text(raw, "digest")).there &&
               !(may_be_empty && (member_raw(raw, "digest").n == 0 || bytes_is(member_raw(raw, "digest"), "\xa0")))) {
        wrong = "'digest' is not a digest";
    } else if (member_raw(raw, "size").n > 0 && member_number(raw, "size") == MEMBER_NONE) {
        wrong = "'size' is not a number of bytes";
    }
    return wrong == NULL ? 0
                         : err_set(err, ERR_INVALID,
                                   "the manifest's %s: %s; expected: an object with 'digest', sha256: and 64 hex digits, "
                                   "and 'size', an integer of 0 or more",
                                   where, wrong);
}

int ollama_check_manifest(struct bytes manifest, struct err *err) {
    struct bytes layers = member_array(manifest, "layers"), config = member_raw(manifest, "config"), layer;
    struct mp_reader r;
    struct mp_item head = {0};
    char where[48];
    int rc = 0;
    mp_reader_init(&r, layers);
    if (layers.n > 0 && mp_next(&r, &head, NULL) != 0) {
        return err_set(err, ERR_INVALID, "the manifest's 'layers' cannot be read");
    }
    for (uint32_t i = 0; i < head.count && rc == 0 && mp_skip(&r, 1, &layer, NULL) == 0; i++) {
        snprintf(where, sizeof(where), "'layers', entry %u", i + 1);
        rc = check_named(layer, where, false, err);
    }
    return rc == 0 && config.n > 0 ? check_named(config, "'config'", true, err) : rc;
}
