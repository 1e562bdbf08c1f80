/* Bills of materials: what they say of models, what is refused and with which message. */
#include "ingest/bom/bom.h"

#include "tests/ingest/ledger_box.h"

#define FIXTURES "tests/ingest/fixtures/bom/"

static int run(struct box *b, const char *path) {
    const char *const paths[] = {path};
    return box_run(b, "bom", (struct ingest_options){.paths = paths, .n_paths = 1});
}

static void want(const char *text, const char *part, bool there) {
    if ((strstr(text, part) != NULL) != there) fail_msg("%s '%s': %s", there ? "lacks" : "has", part, text);
}

/* The open fields of event `seq`; the private ones behind *ret_private. */
static const char *open_of(struct box *b, uint64_t seq, char *text, size_t cap, const char **ret_private) {
    box_event(b, seq, text, cap);
    char *private_ = strstr(text, "} {");
    assert_non_null(private_);
    private_[1] = '\0';
    *ret_private = private_ + 2;
    return text;
}

static void models_of_cyclonedx_are_found_at_any_depth(void **state) {
    struct box b;
    char text[16384];
    const char *private_;
    (void)state;
    box_init(&b);
    uint64_t first = box_size(&b);
    assert_int_equal(run(&b, FIXTURES "models.cdx.json"), 0);
    assert_int_equal(b.result.total.accepted, 2);
    assert_string_equal(b.rejections, "0: a model has neither a digest nor a name that may be open\n");
    open_of(&b, first, text, sizeof(text), &private_);
    want(text, "model.provenance_declared model/sha256:abab", true);
    want(text, " declared {", true);
    want(text, "\"model\":\"acme/tiny-1b\"", true);
    want(text, "\"format\":\"cyclonedx\"", true);
    want(text, "\"license\":\"Apache-2.0\"", true);
    want(text, "\"publisher\":\"Acme Research\"", true);
    want(text, "\"datasets\":[\"Web Crawl 2025\",\"Tiny Stories\"]", true);
    want(text, "\"at\":1772352000000000000", true);
    want(text, "private words", false);
    want(private_, "private words of the author", true);
    open_of(&b, first + 1, text, sizeof(text), &private_);
    want(text, "model.declared model/adapter ", true);
    want(text, "\"license\":\"MIT OR Apache-2.0\"", true);
    want(text, "\"revision\":\"2.0\"", true);
    want(text, "\"source\":\"https://example.org/adapter\"", true);
    want(private_, "\"publisher\":\"Somebody\"", true);
    assert_int_equal(run(&b, FIXTURES "models.cdx.json"), 0);
    assert_int_equal(b.result.total.accepted, 0);
    assert_int_equal(b.result.total.duplicate, 2);
    box_done(&b);
}

static void relationships_of_spdx_name_licence_publisher_and_data(void **state) {
    struct box b;
    char text[16384];
    const char *private_;
    (void)state;
    box_init(&b);
    uint64_t first = box_size(&b);
    assert_int_equal(run(&b, FIXTURES "models.spdx.json"), 0);
    assert_int_equal(b.result.total.accepted, 2);
    open_of(&b, first, text, sizeof(text), &private_);
    want(text, "model.provenance_declared model/sha256:cdcd", true);
    want(text, "\"format\":\"spdx\"", true);
    want(text, "\"license\":\"Apache-2.0\"", true);
    want(text, "\"publisher\":\"Acme Research\"", true);
    want(text, "\"datasets\":[\"Web Crawl 2025\"]", true);
    want(private_, "private words of the author", true);
    open_of(&b, first + 1, text, sizeof(text), &private_);
    want(text, "model.declared model/bare ", true);
    want(text, "\"license\":\"MIT\"", true);
    box_done(&b);
}

static void each_wrong_document_is_refused_in_its_own_words(void **state) {
    static const char neither[] =
        "neither 'bomFormat' nor '@context' is that of a bill of materials; expected: CycloneDX 1.5 to "
        "1.7, or SPDX 3, as JSON";
    static const char *const cases[][2] = {
        {"", "no JSON value"},
        {"[]", neither},
        {"{}", neither},
        {"{\"bomFormat\":\"SPDX\"}", neither},
        {"{\"@context\":\"https://schema.org\"}", neither},
        {"{\"spdxVersion\":\"SPDX-2.3\"}", neither},
        {"{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.4\"}", "'specVersion' is '1.4'; expected: 1.5, 1.6 or 1.7"},
        {"{\"bomFormat\":\"CycloneDX\",\"specVersion\":1.6}", "'specVersion' is ''; expected: 1.5, 1.6 or 1.7"},
        {"{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\"}",
         "the bill of materials names no model; expected: a component of type 'machine-learning-model'"},
        {"{\"@context\":\"https://spdx.org/rdf/3.0.1/spdx-context.jsonld\"}",
         "'@graph' is not a list; expected: an SPDX 3 document as JSON-LD"},
        {"{\"@context\":[\"https://spdx.org/rdf/3.0.1/c\"],\"@graph\":[7,{\"type\":\"Person\"}]}",
         "the bill of materials names no model; expected: an element of type 'ai_AIPackage'"},
    };
    struct box b;
    (void)state;
    box_init(&b);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        box_write(b.file, cases[i][0], O_TRUNC);
        assert_int_equal(run(&b, b.file), 0);
        want(b.rejections, cases[i][1], true);
        assert_int_equal(b.result.total.accepted, 0);
    }
    box_done(&b);
}

/* A data set that refers to its own model, or to nothing. */
static void references_that_lead_nowhere_or_to_themselves_end(void **state) {
    static const char text[] =
        "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.7\",\"components\":[{\"bom-ref\":\"a\",\"type\":\"machine-"
        "learning-model\","
        "\"name\":\"self\",\"modelCard\":{\"modelParameters\":{\"datasets\":[{\"ref\":\"a\"},{\"ref\":\"none\"},7]}}}]}";
    struct box b;
    char out[8192];
    const char *private_;
    (void)state;
    box_init(&b);
    uint64_t first = box_size(&b);
    box_write(b.file, text, O_TRUNC);
    assert_int_equal(run(&b, b.file), 0);
    want(open_of(&b, first, out, sizeof(out), &private_), "model.declared model/self ", true);
    want(private_, "\"datasets\":[\"self\"]", true);
    box_done(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_of_cyclonedx_are_found_at_any_depth),
        cmocka_unit_test(relationships_of_spdx_name_licence_publisher_and_data),
        cmocka_unit_test(each_wrong_document_is_refused_in_its_own_words),
        cmocka_unit_test(references_that_lead_nowhere_or_to_themselves_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
