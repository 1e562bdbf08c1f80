/* Arbitrary bytes as an answer of a server with OpenAI's interface, and as metrics: refused with a message, or read into models and
 * samples whose views are within the answer. */
#include <math.h>
#include <stdlib.h>

#include "ingest/input/prometheus.h"
#include "ingest/openai/openai.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(bool ok) {
    if (!ok) {
        abort();
    }
}

static void want_inside(struct bytes whole, struct bytes part) {
    want(part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n));
}

static void take_metrics(struct bytes text) {
    struct prometheus p;
    struct prometheus_sample s;
    struct err err = {0};
    int rc;
    prometheus_init(&p, text);
    while ((rc = prometheus_next(&p, &s, &err)) != 1) {
        want(rc == 0 || (rc == ERR_INVALID && err.msg[0] != '\0'));
        if (rc == 0) {
            want_inside(text, s.name);
            want_inside(text, s.labels);
            want(s.name.n > 0 && isfinite(s.value) && (!s.special || (s.value >= 0 && s.value <= 0)));
        }
    }
}

static void take_models(enum served_form form, struct bytes raw) {
    struct mp_reader r;
    struct bytes entry;
    uint32_t n = 0;
    member_list(raw, form == SERVED_LMS_V1 ? "models" : "data", &r, &n);
    for (uint32_t i = 0; i < n; i++) {
        struct openai_model m;
        struct err err = {0};
        uint8_t digest[SEEN_DIGEST];
        want(mp_skip(&r, 1, &entry, NULL) == 0);
        int rc = openai_model_read(form, served_server_of_list(form, raw), entry, &m, &err);
        want(rc == 0 || (rc == ERR_INVALID && err.msg[0] != '\0'));
        if (rc != 0) continue;
        want(m.name.n > 0 && m.name.n <= SEEN_NAME_MAX);
        want_inside(raw, m.name);
        want_inside(raw, m.family);
        openai_model_digest(&m, 0, digest);
        openai_model_digest(&m, 1, digest);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes text = {data, size};
    struct buf parsed = {.max = OPENAI_MP_MAX};
    struct err err = {0};
    take_metrics(text);
    int rc = openai_parse(text, &parsed, &err);
    want(rc == 0 || (rc == err.code && err.msg[0] != '\0' && parsed.n == 0));
    if (rc == 0) {
        struct bytes raw = bytes_of_buf(&parsed);
        struct openai_facts f;
        enum served_form form = served_classify(raw);
        openai_facts_init(&f);
        if (form == SERVED_PROPS) openai_read_props(&f, raw);
        if (form == SERVED_SLOTS) openai_read_slots(&f, raw);
        if (form == SERVED_MODELS || form == SERVED_LMS_V0 || form == SERVED_LMS_V1) take_models(form, raw);
        openai_facts_done(&f);
    }
    buf_done(&parsed);
    return 0;
}
