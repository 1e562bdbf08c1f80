/* Arbitrary bytes as an answer of ollama: refused with a message, or read into models whose views are within the answer and
 * whose arrays are canonical. */
#include <stdlib.h>

#include "ingest/ollama/ollama.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(bool ok) {
    if (!ok) {
        abort();
    }
}

static void want_word(struct bytes map, struct bytes word) {
    want(word.n == 0 || (word.p >= map.p && word.p + word.n <= map.p + map.n && member_is_word(word)));
}

static void want_array(struct bytes raw) {
    want(raw.n == 0 || mp_check(raw, NULL) == 0);
}

static void want_model(struct bytes map, const struct ollama_model *m) {
    want_word(map, m->format);
    want_word(map, m->family);
    want_word(map, m->parent);
    want_word(map, m->remote_host);
    want_array(m->families);
    want_array(m->capabilities);
    want(m->bytes == MEMBER_NONE || m->bytes <= MP_INT_MAX);
    want(m->modified_at == MEMBER_NONE || m->modified_at <= MP_INT_MAX);
}

static void take_entries(struct bytes map) {
    struct bytes models = member_array(map, "models"), entry;
    struct mp_reader r;
    struct mp_item head;
    mp_reader_init(&r, models);
    if (models.n == 0 || mp_next(&r, &head, NULL) != 0) return;
    for (uint32_t i = 0; i < head.count; i++) {
        struct ollama_model model;
        struct ollama_loaded loaded;
        struct err err = {0};
        want(mp_skip(&r, 1, &entry, NULL) == 0);
        int rc = ollama_model_read(entry, &model, &err);
        want(rc == 0 || (rc == ERR_INVALID && err.msg[0] != '\0'));
        if (rc == 0) {
            want_model(entry, &model);
            want(model.name.n > 0 && model.name.n <= OLLAMA_NAME_MAX);
        }
        want(ollama_loaded_read(entry, &loaded, NULL) == rc);
    }
}

static void take_show(struct bytes map) {
    struct ollama_identity identity;
    struct ollama_model model;
    struct buf scratch;
    buf_init(&scratch, OLLAMA_MP_MAX);
    if (ollama_show_read(map, (struct bytes){NULL, 0}, &identity, &scratch, NULL) == 0) {
        want(identity.weights.there || identity.name.n > 0);
        want_array(identity.metadata);
        want_word(map, identity.architecture);
        ollama_show_model(map, identity.name, &model);
        want_model(map, &model);
    }
    buf_done(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct buf parsed;
    struct err err = {0};
    buf_init(&parsed, OLLAMA_MP_MAX);
    int rc = ollama_parse((struct bytes){data, size}, &parsed, &err);
    if (rc != 0) {
        want(rc == err.code && err.msg[0] != '\0' && parsed.n == 0);
    } else {
        struct bytes map = bytes_of_buf(&parsed);
        want(mp_check(map, NULL) == 0);
        ollama_classify(map);
        take_entries(map);
        take_show(map);
    }
    buf_done(&parsed);
    return 0;
}
