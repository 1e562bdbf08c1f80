/* Models among the components of a CycloneDX document, at any depth. */
#include "base/secret/secret.h"
#include "ingest/bom/bom.h"
#include "ingest/input/item.h"

/* "licenses" is a list of licences, or of one expression. */
static struct bytes license_of(struct bytes component) {
    struct mp_reader r;
    struct bytes raw, license;
    uint32_t n = 0;
    if (!item_list(item_get(component, "licenses"), &r, &n) || n == 0 || mp_skip(&r, 2, &raw, NULL) != 0) {
        return (struct bytes){NULL, 0};
    }
    license = item_get(raw, "license");
    struct bytes id = bom_name(item_get(license, "id")), name = bom_name(item_get(license, "name"));
    return id.n > 0 ? id : name.n > 0 ? name : bom_name(item_get(raw, "expression"));
}

static struct bytes publisher_of(struct bytes component) {
    static const char *const names[] = {"supplier", "manufacturer"};
    struct bytes name = bom_name(item_get(component, "publisher"));
    for (size_t i = 0; i < 2 && name.n == 0; i++) {
        name = bom_name(item_get(item_get(component, names[i]), "name"));
    }
    return name;
}

static struct bytes source_of(struct bytes component) {
    struct mp_reader r;
    struct bytes raw;
    uint32_t n = 0;
    item_list(item_get(component, "externalReferences"), &r, &n);
    for (; n > 0 && mp_skip(&r, 2, &raw, NULL) == 0; n--) {
        if (bytes_is(mp_get_text(raw, "type"), "distribution")) return mp_get_text(raw, "url");
    }
    return (struct bytes){NULL, 0};
}

static void read_hashes(struct bom_model *m, struct bytes component) {
    struct mp_reader r;
    struct bytes raw;
    uint32_t n = 0;
    item_list(item_get(component, "hashes"), &r, &n);
    for (; n > 0 && !m->has_digest && mp_skip(&r, 2, &raw, NULL) == 0; n--) {
        if (bytes_is(mp_get_text(raw, "alg"), "SHA-256")) bom_model_digest(m, mp_get_text(raw, "content"));
    }
}

/* A data set is described in place, or is another component. */
static void read_datasets(const struct bom_doc *doc, struct bom_model *m) {
    struct bytes raw, parameters = item_get(item_get(m->raw, "modelCard"), "modelParameters");
    struct mp_reader r;
    uint32_t n = 0;
    item_list(item_get(parameters, "datasets"), &r, &n);
    for (; n > 0 && mp_skip(&r, 2, &raw, NULL) == 0; n--) {
        const struct bom_entry *entry = bom_index_find(&doc->refs, mp_get_text(raw, "ref"));
        bom_model_dataset(m, item_get(entry != NULL ? entry->raw : raw, "name"));
    }
}

static int take_component(struct bom_doc *doc, struct bytes component, unsigned depth, struct err *err);

static int take_components(struct bom_doc *doc, struct bytes list, unsigned depth, struct err *err) {
    struct mp_reader r;
    struct bytes raw;
    uint32_t n = 0;
    int rc = 0;
    if (depth > BOM_DEPTH_MAX) {
        return err_set(err, ERR_LIMIT, "components are nested deeper than %d levels", BOM_DEPTH_MAX);
    }
    item_list(list, &r, &n);
    for (; n > 0 && rc == 0 && mp_skip(&r, 2, &raw, NULL) == 0; n--) {
        rc = take_component(doc, raw, depth, err);
    }
    return rc;
}

static int take_component(struct bom_doc *doc, struct bytes component, unsigned depth, struct err *err) {
    struct bom_model *m;
    int rc = bom_index_add(&doc->refs, mp_get_text(component, "bom-ref"), component, err);
    if (rc == 0 && bytes_is(mp_get_text(component, "type"), "machine-learning-model")) {
        m = bom_doc_add(doc, err);
        if (m == NULL) return err->code;
        m->raw = component;
        m->group = bom_name(item_get(component, "group"));
        m->name = bom_name(item_get(component, "name"));
        m->license = license_of(component);
        m->publisher = publisher_of(component);
        m->source = source_of(component);
        m->version = bom_name(item_get(component, "version"));
        read_hashes(m, component);
    }
    return rc == 0 ? take_components(doc, item_get(component, "components"), depth + 1, err) : rc;
}

int bom_cyclonedx_read(struct bom_doc *doc, struct err *err) {
    struct bytes version = mp_get_text(doc->whole, "specVersion"), metadata = item_get(doc->whole, "metadata");
    if (!bytes_is(version, "1.5") && !bytes_is(version, "1.6") && !bytes_is(version, "1.7")) {
        return err_set(err, ERR_INVALID, "'specVersion' is '%s'; expected: 1.5, 1.6 or 1.7", SECRET_SHOWN(version));
    }
    doc->format = "cyclonedx";
    doc->timestamp = mp_get_text(metadata, "timestamp");
    struct bytes main = item_get(metadata, "component");
    int rc = main.n > 0 ? take_component(doc, main, 0, err) : 0;
    if (rc == 0) rc = take_components(doc, item_get(doc->whole, "components"), 0, err);
    bom_index_sort(&doc->refs);
    for (size_t i = 0; i < doc->n_models; i++) {
        read_datasets(doc, &doc->models[i]);
    }
    return rc;
}
