/* Entries of lists of models.
 *
 *   OpenAI's   {id, created, owned_by, ...}   created and permission differ from answer to answer
 *   llama.cpp  + meta {n_ctx_train, n_embd, n_params, size}, or null; with a router + status {value}
 *   vLLM       + max_model_len, parent (of an adapter)
 *   LM Studio  v0: {id, type, arch, compatibility_type, quantization, state, max_context_length}
 *              v1: {key, type, architecture, quantization {name}, size_bytes, params_string, loaded_instances, ...}
 *
 * An id that is a path is a model's file: its last part is the name, and the path is private. */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/secret/secret.h"
#include "ingest/input/model_name.h"
#include "ingest/openai/openai.h"

static bool ends_with(struct bytes text, const char *end) {
    size_t n = strlen(end);
    return text.n >= n && memcmp(text.p + text.n - n, end, n) == 0;
}

/* A repository has one slash ("org/name") and is no path. */
static bool is_path(struct bytes id) {
    bool drive = id.n > 2 && id.p[1] == ':' && (id.p[2] == '\\' || id.p[2] == '/');
    bool slash = bytes_find(id, '/') != NULL;
    return id.n > 0 && (id.p[0] == '/' || id.p[0] == '.' || id.p[0] == '~' || drive || bytes_find(id, '\\') != NULL ||
                        (slash && (ends_with(id, ".gguf") || ends_with(id, ".safetensors"))));
}

static struct bytes last_part(struct bytes path) {
    size_t from = path.n;
    while (from > 0 && path.p[from - 1] != '/' && path.p[from - 1] != '\\') {
        from--;
    }
    return (struct bytes){path.p + from, path.n - from};
}

static int set_name(struct openai_model *m, struct bytes id, struct err *err) {
    m->name = id;
    if (id.n > OPENAI_PATH_MAX) {
        return err_set(err, ERR_INVALID, "a model's id has %zu bytes; expected: at most %zu", id.n, OPENAI_PATH_MAX);
    }
    if (is_path(id)) {
        m->path = id;
        m->name =
            secret_is_in(id) ? id : last_part(id); /* the last part alone might look like none: the whole is refused */
    }
    return model_name_check(m->name, err);
}

static enum seen_is loaded_of(const struct served_server *server, struct bytes entry) {
    struct bytes status = member_text(member_map(entry, "status"), "value");
    if (status.n > 0) return bytes_is(status, "loaded") ? SEEN_ON : SEEN_OFF;
    return server->serves ? SEEN_ON : SEEN_UNKNOWN;
}

static void take_openai(struct openai_model *m, const struct served_server *server, struct bytes entry) {
    struct bytes meta = member_map(entry, "meta");
    m->parent = member_word(entry, "parent");
    m->context_length = member_number(meta, "n_ctx_train");
    m->embedding_length = member_number(meta, "n_embd");
    m->bytes = member_number(meta, "size");
    m->params = member_number(meta, "n_params");
    m->loaded_context = member_number(entry, "max_model_len");
    m->loaded = loaded_of(server, entry);
    if (ends_with(m->name, ".gguf")) m->format = bytes_of("gguf");
}

static void take_type(struct openai_model *m, struct bytes type) {
    m->embeds = bytes_has_prefix(type, "embedding");
    m->vision = bytes_is(type, "vlm");
    m->chat = m->vision || bytes_is(type, "llm");
}

static void take_v0(struct openai_model *m, struct bytes entry) {
    struct bytes state = member_text(entry, "state");
    take_type(m, member_text(entry, "type"));
    m->family = member_word(entry, "arch");
    m->format = member_word(entry, "compatibility_type");
    m->quantization = member_word(entry, "quantization");
    m->context_length = member_number(entry, "max_context_length");
    m->loaded_context = member_number(entry, "loaded_context_length");
    m->loaded = bytes_is(state, "loaded") ? SEEN_ON : bytes_is(state, "not-loaded") ? SEEN_OFF : SEEN_UNKNOWN;
}

static void take_v1(struct openai_model *m, struct bytes entry) {
    struct bytes able = member_map(entry, "capabilities"), first;
    struct mp_reader r;
    uint32_t n = 0;
    take_type(m, member_text(entry, "type"));
    m->vision = member_flag(able, "vision");
    m->tools = member_flag(able, "trained_for_tool_use");
    m->family = member_word(entry, "architecture");
    m->format = member_word(entry, "format");
    m->parameters = member_word(entry, "params_string");
    m->quantization = member_word(member_map(entry, "quantization"), "name");
    m->bytes = member_number(entry, "size_bytes");
    m->context_length = member_number(entry, "max_context_length");
    if (member_list(entry, "loaded_instances", &r, &n).n > 0) {
        m->loaded = n > 0 ? SEEN_ON : SEEN_OFF;
        if (n > 0 && mp_skip(&r, 1, &first, NULL) == 0 && member_is(first, MP_MAP)) {
            m->loaded_context = member_number(member_map(first, "config"), "context_length");
        }
    }
}

int openai_model_read(enum served_form form, const struct served_server *server, struct bytes entry,
                      struct openai_model *ret, struct err *err) {
    struct openai_model m = {.bytes = MEMBER_NONE,
                             .context_length = MEMBER_NONE,
                             .embedding_length = MEMBER_NONE,
                             .params = MEMBER_NONE,
                             .loaded_context = MEMBER_NONE,
                             .loaded = SEEN_UNKNOWN,
                             .raw = entry};
    if (!member_is(entry, MP_MAP)) return err_set(err, ERR_INVALID, "an entry of the list of models is not an object");
    int rc = set_name(&m, member_text(entry, form == SERVED_LMS_V1 ? "key" : "id"), err);
    if (rc != 0) return rc;
    if (form == SERVED_LMS_V1) {
        take_v1(&m, entry);
    } else if (form == SERVED_LMS_V0) {
        take_v0(&m, entry);
    } else {
        take_openai(&m, server, entry);
    }
    *ret = m;
    return 0;
}

int openai_read_models(struct openai_facts *facts, enum served_form form, struct bytes map, struct intake *run,
                       const struct ingest_place *place, struct err *err) {
    struct mp_reader r;
    struct bytes entry;
    uint32_t n = 0;
    int rc = 0;
    facts->has_models = true;
    member_list(map, form == SERVED_LMS_V1 ? "models" : "data", &r, &n);
    for (uint32_t i = 0; i < n && rc == 0; i++) {
        struct err why = {0};
        if (i == OPENAI_MODELS_MAX) {
            facts->cut = true;
            return intake_reject(run, place, NULL, "the list has more than 2048 models; the rest is ignored");
        }
        rc = mp_skip(&r, 1, &entry, err);
        if (rc == 0) rc = array_room(&facts->models, facts->n_models + 1, &facts->cap_models, sizeof(*facts->models), err);
        if (rc == 0) {
            int read = openai_model_read(form, facts->server, entry, &facts->models[facts->n_models], &why);
            facts->cut = facts->cut || read != 0;
            facts->n_models += read == 0;
            rc = read != 0 ? intake_reject(run, place, NULL, why.msg) : 0;
        }
    }
    return rc;
}
