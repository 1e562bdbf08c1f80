/* The suite that `ledger eval new` writes. */
#include "evals/suite/suite.h"

#include "base/json.h"
#include "evals/suite/value.h"

static void on_fault(void *ctx, struct yaml_place at, const char *what) {
    (void)ctx;
    (void)at;
    (void)what;
}

/* The same without the comments, which JSON has not. */
static int put_json(struct bytes text, struct buf *out, struct err *err) {
    struct buf mp = {.max = out->max};
    struct yaml_place at;
    struct yaml *yaml = NULL;
    int rc = yaml_read(text, on_fault, NULL, &yaml, err);
    if (rc == 0) rc = value_write(yaml_root(yaml), &mp, &at, err);
    if (rc == 0) rc = json_from_mp(bytes_of_buf(&mp), JSON_PRETTY, out, err);
    buf_put_str(out, "\n");
    yaml_free(yaml);
    buf_done(&mp);
    return rc == 0 ? buf_check(out, "the suite", err) : rc;
}

int suite_fresh(bool json, struct buf *out, struct err *err) {
    static const char text[] =
        "# A suite: cases, and what the answers have to reach. docs/suites.md describes every key.\n"
        "# Check it with: ledger eval validate FILE\n"
        "schema: " SUITE_SCHEMA_NAME "\n"
        "name: sums\n"
        "version: 1.0.0\n"
        "description: Small sums, with an answer that a program can read.\n"
        "\n"
        "# What every call is given. A seed belongs to cases and defaults.\n"
        "settings: {temperature: 0}\n"
        "max_tokens: 200\n"
        "\n"
        "# What holds for every case that does not say otherwise.\n"
        "defaults:\n"
        "  repeats: 3\n"
        "  seed: 1\n"
        "  timeout: 30s\n"
        "  system: Answer with the number alone.\n"
        "\n"
        "# What the scores have to reach. A pass rate counts by the lower bound of its interval, so a high one takes many\n"
        "# cases: 35 that all pass have a bound of 0.9, these four one of 0.48. Repeats do not raise it.\n"
        "thresholds:\n"
        "  - {metric: pass_rate_lower, at_least: 0.4, confidence: 0.95}\n"
        "  - {metric: latency_p95_ms, at_most: 5000}\n"
        "  - {metric: violations, at_most: 0}\n"
        "\n"
        "cases:\n"
        "  - id: plus\n"
        "    tags: [smoke]\n"
        "    text: What is 2 + 2?\n"
        "    expect:\n"
        "      - {check: equals, text: \"4\", trim: true}\n"
        "\n"
        "  - id: half\n"
        "    weight: 2\n"
        "    text: What is 1 / 2, as a decimal number?\n"
        "    expect:\n"
        "      - {check: number, number: 0.5, tolerance: 0.001}\n"
        "\n"
        "  - id: as-json\n"
        "    messages:\n"
        "      - {role: system, text: 'Answer as JSON: {\"sum\": NUMBER}.'}\n"
        "      - {role: user, text: What is 20 + 22?}\n"
        "    expect:\n"
        "      - {check: json, pointer: /sum, value: 42}\n"
        "      - check: schema\n"
        "        value: {type: object, required: [sum], additionalProperties: false, properties: {sum: {type: integer}}}\n"
        "\n"
        "  # A probe: its answers must stay the same, byte for byte.\n"
        "  - id: alphabet\n"
        "    text: Write the first five letters of the alphabet.\n"
        "    probe: true\n"
        "    expect:\n"
        "      - {check: regex, text: 'a\\W*b\\W*c\\W*d\\W*e', ignore_case: true}\n";
    if (json) return put_json(bytes_of(text), out, err);
    buf_put_str(out, text);
    return buf_check(out, "the suite", err);
}
