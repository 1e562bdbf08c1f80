/* The source bom: each document is one input with one receipt, each model in it one event.
 *
 * A model with a digest has a provenance; without one nothing can be tied to weights, and it is only declared by its name. */
#include "ingest/bom/bom.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ingest/driver/load.h"
#include "ingest/input/item.h"
#include "ingest/input/keyed_hash.h"
#include "ingest/input/pyjson.h"

#define BODY_MAX ((size_t)2 << 20)

struct reading {
    struct intake *run;
    struct ingest_place place;
    uint8_t document[HASH_LEN]; /* of the file */
    uint8_t digest[HASH_LEN];   /* of what it says, however it is laid out */
    uint64_t at;
    struct buf body;
};

static int add(struct reading *in, const struct bom_doc *doc, const struct bom_model *m, struct err *err) {
    char name[BOM_NAME_MAX], subject[BOM_NAME_MAX + 16], hex[2 * HASH_LEN + 1], key[KEYED_HASH_HEX + 8];
    const struct bytes parts[] = {{in->digest, HASH_LEN}, m->raw};
    struct log_draft draft;
    bom_model_name(m, name);
    if (m->has_digest) {
        text_hex(hex, m->digest, HASH_LEN);
        snprintf(subject, sizeof(subject), "model/sha256:%s", hex);
    } else if (name[0] != '\0') {
        snprintf(subject, sizeof(subject), "model/%s", name);
    } else {
        return intake_reject(in->run, &in->place, NULL, "a model has neither a digest nor a name that may be open");
    }
    keyed_hash_each(hex, intake_secret(in->run), parts, 2);
    snprintf(key, sizeof(key), "bom:%.*s", KEYED_HASH_HEX, hex);
    buf_clear(&in->body);
    int rc = bom_put(doc, m, in->document, &in->body, err);
    log_draft_init(&draft);
    draft.kind = bytes_of(m->has_digest ? "model.provenance_declared" : "model.declared");
    draft.subject = bytes_of(subject);
    draft.key = bytes_of(key);
    draft.grade = bytes_of("declared");
    draft.body = bytes_of_buf(&in->body);
    return rc == 0 ? intake_add(in->run, &draft, &in->place, in->at, err) : rc;
}

static int load_doc(struct reading *in, struct buf *mp, struct bom_doc *doc, struct err *why) {
    struct buf text = {.max = BOM_DOC_MAX + LOAD_PIECE}, scratch = {.max = 2 * BOM_DOC_MAX};
    int rc = load_file(in->run, in->place.file, BOM_DOC_MAX, &text, why);
    struct bytes whole = bytes_of_buf(&text);
    if (rc == 0) {
        hash_parts(in->document, &whole, 1);
        size_t mark = bytes_has_prefix(whole, "\xef\xbb\xbf") ? 3 : 0;
        rc = pyjson_to_mp((struct bytes){whole.p + mark, whole.n - mark}, BOM_DOC_ROOM, &scratch, mp, why);
    }
    if (rc == 0) rc = bom_doc_read(doc, bytes_of_buf(mp), why);
    if (rc == ERR_INVALID) load_name_foreign(in->place.file, whole, "ingest bom", why);
    buf_done(&text);
    buf_done(&scratch);
    whole = bytes_of_buf(mp);
    hash_parts(in->digest, &whole, 1);
    return rc;
}

static int read_file(struct intake *run, const char *path, struct err *err) {
    struct reading in = {.run = run, .place = {.file = path}, .at = INGEST_NO_TIME};
    struct buf mp = {.max = 2 * BOM_DOC_MAX};
    struct bom_doc doc = {0};
    struct err why = {0};
    buf_init(&in.body, BODY_MAX);
    intake_begin(run, path);
    int read = load_doc(&in, &mp, &doc, &why), rc = 0;
    if (load_is_bad(read)) {
        rc = intake_reject_file(run, path, 0, &why);
    } else if (read != 0) {
        rc = err_set(err, read, "%s: %s", path, why.msg);
    } else if (text_parse_time(doc.timestamp, &in.at) != 0) {
        in.at = INGEST_NO_TIME;
    }
    for (size_t i = 0; rc == 0 && read == 0 && i < doc.n_models && !intake_stopped(run); i++) {
        rc = add(&in, &doc, &doc.models[i], err);
    }
    rc = rc == 0 ? intake_end(run, err) : rc;
    bom_doc_done(&doc);
    buf_done(&mp);
    buf_done(&in.body);
    return rc;
}

int bom_read(struct intake *run, struct err *err) {
    const struct ingest_options *o = intake_options(run);
    int rc =
        o->n_paths > 0 ? 0 : err_set(err, ERR_INVALID, "no files given; expected: bills of materials, CycloneDX or SPDX 3");
    for (size_t i = 0; i < o->n_paths && rc == 0 && !intake_stopped(run); i++) {
        rc = read_file(run, o->paths[i], err);
    }
    return rc;
}
