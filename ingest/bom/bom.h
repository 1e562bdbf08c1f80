/* The source "bom": docs/ingest.md describes its event.
 *
 *   CycloneDX   {"bomFormat": "CycloneDX", "specVersion": "1.7", "metadata": {"timestamp", "component"}, "components": [
 *                 {"type": "machine-learning-model", "bom-ref", "group", "name", "publisher", "supplier": {"name"},
 *                  "hashes": [{"alg": "SHA-256", "content"}], "licenses": [{"license": {"id", "name"}} or {"expression"}],
 *                  "modelCard": {"modelParameters": {"datasets": [{"name"} or {"ref"}]}}, "components": [...]}]}
 *   SPDX        {"@context": "https://spdx.org/rdf/3.0.1/...", "@graph": [
 *                 {"type": "ai_AIPackage", "spdxId", "name", "suppliedBy", "verifiedUsing": [{"algorithm": "sha256", "hashValue"}]},
 *                 {"type": "Relationship", "relationshipType": "trainedOn", "from": ID, "to": [ID]}]} */
#ifndef INGEST_BOM_BOM_H
#define INGEST_BOM_BOM_H

#include "base/hash.h"
#include "base/mp.h"
#include "ingest/driver/intake.h"

#define BOM_DOC_MAX      ((size_t)32 << 20)
#define BOM_DOC_ROOM     ((size_t)160 << 20) /* memory for it while it is parsed (pyjson.h) */
#define BOM_MODELS_MAX   4096
#define BOM_DATASETS_MAX 64 /* of one model that are named */
#define BOM_DEPTH_MAX    16 /* components in components */
#define BOM_KEPT_MAX     ((size_t)384 << 10)

/* ---- references (index.c) ---- */

struct bom_entry {
    struct bytes id, raw;
};
struct bom_index {
    struct bom_entry *entries; /* by id once bom_index_sort was called */
    size_t n, cap;
};
int bom_index_add(struct bom_index *index, struct bytes id, struct bytes raw, struct err *err);
void bom_index_sort(struct bom_index *index);
/* The first entry with that id; those after it may have the same. NULL: there is none. */
const struct bom_entry *bom_index_find(const struct bom_index *index, struct bytes id);
void bom_index_done(struct bom_index *index);

/* ---- documents ---- */

/* A model; everything borrows from the document. Empty: not said, or not as a word that may be open. */
struct bom_model {
    struct bytes raw;         /* canonical map: the component or element */
    struct bytes group, name; /* name may be empty */
    struct bytes license, publisher;
    struct bytes source, version; /* where to get it from, and which */
    bool has_digest;
    uint8_t digest[HASH_LEN];
    struct bytes datasets[BOM_DATASETS_MAX];
    size_t n_datasets;
};

struct bom_doc {
    struct bytes whole; /* canonical map */
    const char *format; /* "cyclonedx", "spdx" */
    struct bytes timestamp;
    struct bom_model *models; /* owned */
    size_t n_models, cap_models;
    struct bom_index refs;      /* elements by their ids */
    struct bom_index relations; /* SPDX: relationships by where they are from */
    uint64_t lookups;           /* so far; bounded */
};
/* Reads either. ERR_INVALID names the fault and what is expected; ERR_LIMIT, ERR_NOMEM. */
int bom_doc_read(struct bom_doc *doc, struct bytes whole, struct err *err);
void bom_doc_done(struct bom_doc *doc);
int bom_cyclonedx_read(struct bom_doc *doc, struct err *err);
int bom_spdx_read(struct bom_doc *doc, struct err *err);
/* One more, zeroed. NULL with ERR_LIMIT or ERR_NOMEM. */
struct bom_model *bom_doc_add(struct bom_doc *doc, struct err *err);
void bom_model_dataset(struct bom_model *model, struct bytes name);
/* 64 hex digits in any case. */
void bom_model_digest(struct bom_model *model, struct bytes hex);
struct bytes bom_name(struct bytes raw); /* a text that may be open; else empty */

/* ---- the events (event.c): model.provenance_declared of one with a digest, else model.declared ---- */

/* "ORG/NAME" or "NAME"; "" when it has none that may be open. */
#define BOM_NAME_MAX 420
void bom_model_name(const struct bom_model *model, char ret[BOM_NAME_MAX]);
int bom_put(const struct bom_doc *doc, const struct bom_model *model, const uint8_t document[HASH_LEN], struct buf *out,
            struct err *err);

/* The source's function. */
int bom_read(struct intake *run, struct err *err);

#endif
