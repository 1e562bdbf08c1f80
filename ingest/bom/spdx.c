/* AI packages in the graph of an SPDX 3 document (JSON-LD, in the form of SPDX's own context). Licences, publishers and data sets
 * are elements of their own, which relationships connect. */
#include <string.h>

#include "ingest/bom/bom.h"
#include "ingest/input/item.h"

#define NO_BYTES      ((struct bytes){NULL, 0})
#define RELATIONS_MAX 4096    /* of one package */
#define LOOKUPS_MAX   1000000 /* of all: many packages may share an id, and with it all its relationships */

static bool is_type(struct bytes element, const char *type) {
    struct bytes said = mp_get_text(element, "type");
    said = said.n > 0 ? said : mp_get_text(element, "@type");
    return bytes_is(said, type);
}

static struct bytes id_of(struct bytes element) {
    struct bytes id = mp_get_text(element, "spdxId");
    return id.n > 0 ? id : mp_get_text(element, "@id");
}

/* The part of an address after its last slash: "https://spdx.org/licenses/MIT". */
static struct bytes last_part(struct bytes t) {
    const uint8_t *slash = t.n > 0 ? memrchr(t.p, '/', t.n) : NULL;
    return slash != NULL ? (struct bytes){slash + 1, (size_t)(t.p + t.n - slash) - 1} : t;
}

/* What a reference is called: an element's expression or name; of a licence of SPDX's list its id. */
static struct bytes called(const struct bom_doc *doc, struct bytes ref, bool license) {
    const struct bom_entry *entry = bom_index_find(&doc->refs, ref);
    struct bytes text = entry == NULL ? NO_BYTES : item_get(entry->raw, "simplelicensing_licenseExpression");
    text = text.n > 0 || entry == NULL ? text : item_get(entry->raw, "name");
    struct bytes name = bom_name(text), id = last_part(ref);
    return name.n > 0 || !license ? name : item_is_name(id) ? id : NO_BYTES;
}

/* The i-th of one reference or of a list of them; false after the last one. */
static bool ref_at(struct bytes raw, size_t i, struct bytes *ret) {
    struct mp_reader r;
    struct bytes one = raw;
    uint32_t n = 0;
    if (item_list(raw, &r, &n)) {
        if (i >= n) return false;
        for (size_t k = 0; k <= i; k++) {
            if (mp_skip(&r, 2, &one, NULL) != 0) return false;
        }
    } else if (i > 0) {
        return false;
    }
    *ret = item_text(one);
    return true;
}

static struct bytes first_called(const struct bom_doc *doc, struct bytes raw, bool license) {
    struct bytes ref;
    return ref_at(raw, 0, &ref) ? called(doc, ref, license) : NO_BYTES;
}

static void read_hashes(struct bom_model *m) {
    struct mp_reader r;
    struct bytes raw;
    uint32_t n = 0;
    item_list(item_get(m->raw, "verifiedUsing"), &r, &n);
    for (; n > 0 && !m->has_digest && mp_skip(&r, 2, &raw, NULL) == 0; n--) {
        if (bytes_is(mp_get_text(raw, "algorithm"), "sha256")) bom_model_digest(m, mp_get_text(raw, "hashValue"));
    }
}

static void read_relations(struct bom_doc *doc, struct bom_model *m) {
    struct bytes id = id_of(m->raw), ref;
    const struct bom_entry *first = bom_index_find(&doc->relations, id);
    size_t from = first != NULL ? (size_t)(first - doc->relations.entries) : doc->relations.n;
    struct bytes concluded = NO_BYTES;
    for (size_t k = from; k < doc->relations.n && k - from < RELATIONS_MAX; k++) {
        const struct bom_entry *entry = &doc->relations.entries[k];
        if (!bytes_eq(entry->id, id) || ++doc->lookups > LOOKUPS_MAX) break;
        struct bytes type = mp_get_text(entry->raw, "relationshipType"), to = item_get(entry->raw, "to");
        if (bytes_is(type, "hasDeclaredLicense") && m->license.n == 0) m->license = first_called(doc, to, true);
        if (bytes_is(type, "hasConcludedLicense") && concluded.n == 0) concluded = first_called(doc, to, true);
        if (!bytes_is(type, "trainedOn")) continue;
        for (size_t i = 0; i < BOM_DATASETS_MAX && ++doc->lookups <= LOOKUPS_MAX && ref_at(to, i, &ref); i++) {
            struct bytes name = called(doc, ref, false);
            if (name.n > 0 && m->n_datasets < BOM_DATASETS_MAX) m->datasets[m->n_datasets++] = name;
        }
    }
    m->license = m->license.n > 0 ? m->license : concluded;
}

static int take_element(struct bom_doc *doc, struct bytes element, struct err *err) {
    int rc = bom_index_add(&doc->refs, id_of(element), element, err);
    if (rc == 0 && is_type(element, "CreationInfo") && doc->timestamp.n == 0) {
        doc->timestamp = mp_get_text(element, "created");
    }
    if (rc == 0 && (is_type(element, "Relationship") || is_type(element, "LifecycleScopedRelationship"))) {
        rc = bom_index_add(&doc->relations, mp_get_text(element, "from"), element, err);
    }
    if (rc != 0 || !is_type(element, "ai_AIPackage")) return rc;
    struct bom_model *m = bom_doc_add(doc, err);
    if (m == NULL) return err->code;
    m->raw = element;
    m->name = bom_name(item_get(element, "name"));
    m->source = mp_get_text(element, "software_downloadLocation");
    m->version = bom_name(item_get(element, "software_packageVersion"));
    return 0;
}

int bom_spdx_read(struct bom_doc *doc, struct err *err) {
    struct mp_reader r;
    struct bytes raw;
    uint32_t n = 0;
    int rc = 0;
    doc->format = "spdx";
    if (!item_list(item_get(doc->whole, "@graph"), &r, &n)) {
        return err_set(err, ERR_INVALID, "'@graph' is not a list; expected: an SPDX 3 document as JSON-LD");
    }
    for (; n > 0 && rc == 0 && mp_skip(&r, 2, &raw, NULL) == 0; n--) {
        rc = take_element(doc, raw, err);
    }
    bom_index_sort(&doc->refs);
    bom_index_sort(&doc->relations);
    for (size_t i = 0; i < doc->n_models && rc == 0; i++) {
        struct bom_model *m = &doc->models[i];
        struct bytes supplier = first_called(doc, item_get(m->raw, "suppliedBy"), false);
        m->publisher = supplier.n > 0 ? supplier : first_called(doc, item_get(m->raw, "originatedBy"), false);
        read_hashes(m);
        read_relations(doc, m);
    }
    return rc;
}
