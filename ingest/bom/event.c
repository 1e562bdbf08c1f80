/* What both forms of document have in common, and the body of the event. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/mp_map.h"
#include "base/text.h"
#include "ingest/bom/bom.h"
#include "ingest/input/item.h"

#define BODY_MAX ((size_t)2 << 20)
#define TEXT_MAX 64
#define HEX_LEN  ((size_t)2 * HASH_LEN)

struct bytes bom_name(struct bytes raw) {
    struct bytes text = item_text(raw);
    return item_is_name(text) ? text : (struct bytes){NULL, 0};
}

void bom_model_digest(struct bom_model *m, struct bytes hex) {
    char text[2 * HASH_LEN];
    if (hex.n != HEX_LEN) return;
    for (size_t i = 0; i < HEX_LEN; i++) {
        text[i] = (char)(hex.p[i] >= 'A' && hex.p[i] <= 'F' ? hex.p[i] + 32 : hex.p[i]);
    }
    m->has_digest = text_unhex(m->digest, HASH_LEN, (struct bytes){(const uint8_t *)text, HEX_LEN}) == 0;
}

void bom_model_dataset(struct bom_model *m, struct bytes name) {
    struct bytes text = bom_name(name);
    if (text.n > 0 && m->n_datasets < BOM_DATASETS_MAX) m->datasets[m->n_datasets++] = text;
}

struct bom_model *bom_doc_add(struct bom_doc *doc, struct err *err) {
    if (doc->n_models == BOM_MODELS_MAX) {
        err_set(err, ERR_LIMIT, "the document has more than %d models", BOM_MODELS_MAX);
        return NULL;
    }
    if (array_room(&doc->models, doc->n_models + 1, &doc->cap_models, sizeof(*doc->models), NULL) != 0) {
        err_set(err, ERR_NOMEM, "out of memory");
        return NULL;
    }
    struct bom_model *m = &doc->models[doc->n_models++];
    memset(m, 0, sizeof(*m));
    return m;
}

/* SPDX's context is a text, or a list that begins with it. */
static bool is_spdx(struct bytes whole) {
    static const char base[] = "https://spdx.org/rdf/3.";
    struct mp_reader r;
    struct bytes context = item_get(whole, "@context");
    uint32_t n = 0;
    if (item_list(context, &r, &n) && (n == 0 || mp_skip(&r, 2, &context, NULL) != 0)) return false;
    return bytes_has_prefix(item_text(context), base);
}

int bom_doc_read(struct bom_doc *doc, struct bytes whole, struct err *err) {
    memset(doc, 0, sizeof(*doc));
    doc->whole = whole;
    bool cyclonedx = bytes_is(mp_get_text(whole, "bomFormat"), "CycloneDX");
    int rc = cyclonedx ? bom_cyclonedx_read(doc, err) : is_spdx(whole) ? bom_spdx_read(doc, err) : 1;
    if (rc == 1) {
        return err_set(
            err, ERR_INVALID,
            "neither 'bomFormat' nor '@context' is that of a bill of materials; expected: CycloneDX 1.5 to 1.7, or "
            "SPDX 3, as JSON");
    }
    if (rc == 0 && doc->n_models == 0) {
        rc = err_set(err, ERR_INVALID, "the bill of materials names no model; expected: %s",
                     cyclonedx ? "a component of type 'machine-learning-model'" : "an element of type 'ai_AIPackage'");
    }
    return rc;
}

void bom_doc_done(struct bom_doc *doc) {
    free(doc->models);
    bom_index_done(&doc->refs);
    bom_index_done(&doc->relations);
    memset(doc, 0, sizeof(*doc));
}

void bom_model_name(const struct bom_model *m, char ret[BOM_NAME_MAX]) {
    bool group = m->group.n > 0 && m->name.n > 0;
    snprintf(ret, BOM_NAME_MAX, "%.*s%s%.*s", group ? (int)m->group.n : 0, (const char *)m->group.p, group ? "/" : "",
             (int)m->name.n, (const char *)m->name.p);
}

int bom_put(const struct bom_doc *doc, const struct bom_model *m, const uint8_t document[HASH_LEN], struct buf *out,
            struct err *err) {
    char name[BOM_NAME_MAX];
    struct mp_map f;
    uint64_t at;
    mp_map_init(&f, BODY_MAX);
    bom_model_name(m, name);
    mp_map_text(&f, "model", bytes_of(name));
    if (m->has_digest) mp_map_hash(&f, "digest", m->digest);
    if (m->has_digest) {
        mp_map_text(&f, "format", bytes_of(doc->format));
    } else { /* there, the format is that of the weights */
        char room[ITEM_URL_MAX];
        mp_map_text(&f, "source", item_url(m->source, room));
        mp_map_text(&f, "revision", m->version);
    }
    mp_map_hash(&f, "document", document);
    mp_map_text(&f, "license", m->license);
    mp_map_text(&f, "publisher", m->publisher);
    if (text_parse_time(doc->timestamp, &at) == 0) {
        mp_map_uint(&f, "at", at);
    } else if (doc->timestamp.n <= TEXT_MAX) {
        mp_map_text(&f, "at_text", doc->timestamp);
    }
    if (m->n_datasets > 0) {
        mp_map_begin(&f, "datasets");
        mp_put_array(&f.values, (uint32_t)m->n_datasets);
        for (size_t i = 0; i < m->n_datasets; i++) {
            mp_put_str(&f.values, m->datasets[i]);
        }
        mp_map_end(&f);
    }
    mp_map_bounded(&f, "claims", m->raw, BOM_KEPT_MAX);
    int rc = mp_map_write(&f, out, err);
    mp_map_done(&f);
    return rc;
}
