/* Suites that are refused: each fault with its place and words. */
#include "tests/evals/suite_box.h"

#define HEAD "schema: ledger-suite/v0\nname: n\n"
#define ONE  "cases: [{id: a, text: q, expect: [{check: equals, text: x}]}]\n"

static void what_is_no_suite_is_refused(void **state) {
    struct suite_box box;
    (void)state;
    suite_box_init(&box);
    suite_box_bad(&box, "", "suite.yaml:1:1: is empty\n");
    suite_box_bad(&box, "- a\n", "suite.yaml:1:1: a suite is a map, and this is a list\n");
    suite_box_bad(&box, "x: [\n",
                  "suite.yaml:2:1: not YAML: while parsing a flow node, did not find expected node content\n");
    suite_box_bad(&box,
                  "a: &b 1\n"
                  "c: *b\n",
                  "suite.yaml:1:4: the anchor '&b': anchors and aliases are not accepted\n"
                  "suite.yaml:2:4: the alias '*b': anchors and aliases are not accepted\n");
    suite_box_bad(
        &box,
        "schema: ledger-suite/v1\n"
        "name: n\n" ONE,
        "suite.yaml:1:9: 'schema': 'ledger-suite/v1' is not one of ledger-suite/v0, did you mean 'ledger-suite/v0'?\n");
    suite_box_bad(&box, "name: n\n" ONE, "suite.yaml:1:1: a suite has no 'schema' (the form of this file)\n");
    suite_box_bad(&box, "schema: ledger-suite/v0\n" ONE,
                  "suite.yaml:1:1: a suite has no 'name' (its name; at most 128 bytes)\n");
    suite_box_bad(
        &box,
        "schema: ledger-suite/v0\n"
        "name: n\n",
        "suite.yaml:1:1: a suite has no 'cases' (the cases, or the path of a file that has one a line, as JSON)\n");
    suite_box_bad(&box, HEAD "cases: []\n", "suite.yaml:3:8: 'cases' is empty\n");
    suite_box_bad(&box, HEAD "cases: {}\n",
                  "suite.yaml:3:8: 'cases': expected a list of maps, or the path of a file of JSON Lines, found a map\n");
    suite_box_bad(&box, HEAD "cases:\n",
                  "suite.yaml:3:7: 'cases': expected a list of maps, or the path of a file of JSON Lines, found null\n");
    suite_box_done(&box);
}

static void names_weights_and_seeds_have_bounds(void **state) {
    struct suite_box box;
    (void)state;
    suite_box_init(&box);
#define CASE(more) HEAD "cases: [{id: a, text: q, " more ", expect: [{check: equals, text: x}]}]\n"
    suite_box_bad(&box, CASE("weight: 1e7"), "suite.yaml:3:34: 'weight': 1e+07 is not above 0 and at most 1e+06\n");
    suite_box_bad(&box, CASE("weight: 0"), "suite.yaml:3:34: 'weight': 0 is not above 0 and at most 1e+06\n");
    suite_box_bad(&box, CASE("seed: 9223372036854775807"),
                  "suite.yaml:3:32: 'seed': 9223372036854775807 is larger than 9223372036853775807\n");
#undef CASE
    suite_box_bad(&box, HEAD "cases: [{id: AKIAIOSFODNN7EXAMPLA, text: q, expect: [{check: equals, text: x}]}]\n",
                  "suite.yaml:3:14: 'id' looks like a secret; expected a name that may be seen\n");
    suite_box_done(&box);
}

static void wrong_keys_and_types_are_refused(void **state) {
    struct suite_box box;
    (void)state;
    suite_box_init(&box);
    suite_box_bad(&box, HEAD "nmae: x\n" ONE, "suite.yaml:3:1: 'nmae' is not a key of a suite, did you mean 'name'?\n");
    suite_box_bad(&box, HEAD "colour: x\n" ONE,
                  "suite.yaml:3:1: 'colour' is not a key of a suite (known: schema, name, version, description, settings, "
                  "max_tokens, prices, fresh_for, judge, defaults, thresholds, cases)\n");
    suite_box_bad(&box, HEAD "settings: 5\n" ONE, "suite.yaml:3:11: 'settings': expected a map, found a number\n");
    suite_box_bad(&box, HEAD "settings: {seed: 1, t: 1e999}\n" ONE,
                  "suite.yaml:3:12: 'seed' is no setting: cases and defaults have it\n"
                  "suite.yaml:3:24: 'settings': the number '1e999' is out of range\n");
    suite_box_bad(&box, HEAD "max_tokens: 0\n" ONE, "suite.yaml:3:13: 'max_tokens': '0' is less than 1\n");
    suite_box_bad(&box, HEAD "max_tokens: 99999999\n" ONE,
                  "suite.yaml:3:13: 'max_tokens': '99999999' is more than 16777216\n");
    suite_box_bad(&box, HEAD "fresh_for: 5\n" ONE,
                  "suite.yaml:3:12: 'fresh_for': '5' is not a length of time (expected a number and s, m, h, d or w)\n");
    suite_box_bad(&box, HEAD "version: [1]\n" ONE, "suite.yaml:3:10: 'version': expected one line of text, found a list\n");
    suite_box_bad(&box, HEAD "version: true\n" ONE,
                  "suite.yaml:3:10: 'version': expected one line of text, found a boolean 'true'; write it in quotes\n");
    suite_box_bad(&box,
                  "schema: ledger-suite/v0\n"
                  "name: "
                  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                  "xxxxxxxxxxxxxxxxxxxxxxxxx\n" ONE,
                  "suite.yaml:2:7: 'name' has more than 128 bytes\n");
    suite_box_bad(&box, HEAD "prices: {prompt: -1}\n" ONE, "suite.yaml:3:18: 'prompt': -1 is less than 0\n");
    suite_box_bad(&box, HEAD "judge: {protocol: grpc, url: ftp://x}\n" ONE,
                  "suite.yaml:3:8: the judge has no 'model' (its name)\n"
                  "suite.yaml:3:19: 'protocol': 'grpc' is not one of ollama, openai\n"
                  "suite.yaml:3:30: 'url': 'ftp://x' is not a URL (expected http:// or https:// and a host)\n");
    suite_box_bad(&box, HEAD "defaults: {repeats: 0, timeout: 8d, weight: 0}\n" ONE,
                  "suite.yaml:3:21: 'repeats': '0' is less than 1\n"
                  "suite.yaml:3:33: 'timeout': '8d' is more than 7d\n"
                  "suite.yaml:3:45: 'weight': 0 is not above 0 and at most 1e+06\n");
    suite_box_done(&box);
}

static void cases_that_ask_or_expect_nothing_are_refused(void **state) {
    struct suite_box box;
    (void)state;
    suite_box_init(&box);
    suite_box_bad(&box,
                  HEAD "cases:\n"
                       "  - {id: a, expect: [{check: equals, text: x}]}\n",
                  "suite.yaml:4:5: the case asks nothing (expected 'text', 'messages', 'arguments' or 'files')\n");
    suite_box_bad(
        &box,
        HEAD "cases:\n"
             "  - {id: a, text: q}\n",
        "suite.yaml:4:5: the case expects nothing, so nothing can pass or fail (expected 'expect', or 'probe: true')\n");
    suite_box_bad(
        &box,
        HEAD "cases:\n"
             "  - {id: a, text: q, expect: []}\n",
        "suite.yaml:4:5: the case expects nothing, so nothing can pass or fail (expected 'expect', or 'probe: true')\n");
    suite_box_bad(&box,
                  HEAD "cases:\n"
                       "  - {id: a, text: q, messages: [{role: user, text: q}], expect: [{check: equals, text: x}]}\n",
                  "suite.yaml:4:32: a case has a 'text' or 'messages', not both\n");
    suite_box_bad(&box,
                  HEAD "cases:\n"
                       "  - {id: a, messages: [{role: user, text: q}], system: s, expect: [{check: equals, text: x}]}\n",
                  "suite.yaml:4:56: 'system' comes before a 'text', and the case has none\n");
    suite_box_bad(&box,
                  HEAD "cases:\n"
                       "  - {id: a, messages: [{role: boss, text: q}, {role: user}], expect: [{check: equals, text: x}]}\n",
                  "suite.yaml:4:31: 'role': 'boss' is not one of system, user, assistant, tool\n"
                  "suite.yaml:4:47: a message has no 'text' (what is said)\n");
    suite_box_bad(&box,
                  HEAD "cases:\n"
                       "  - {id: a, text: q, probe: true}\n",
                  "suite.yaml:4:29: a probe of a model needs a 'seed', of its own or of the defaults\n");
    suite_box_bad(&box,
                  HEAD "cases:\n"
                       "  - {id: a, text: q, weight: 0, expect: [{check: equals, text: x}]}\n",
                  "suite.yaml:4:30: 'weight': 0 is not above 0 and at most 1e+06\n");
    suite_box_bad(&box,
                  HEAD
                  "cases:\n"
                  "  - {id: a, text: q, weight: -0.5, repeats: 10001, timeout: 5, expect: [{check: equals, text: x}]}\n",
                  "suite.yaml:4:30: 'weight': -0.5 is not above 0 and at most 1e+06\n"
                  "suite.yaml:4:45: 'repeats': '10001' is more than 10000\n"
                  "suite.yaml:4:61: 'timeout': '5' is not a length of time (expected a number and s, m, h, d or w)\n");
    suite_box_bad(&box,
                  HEAD "cases:\n"
                       "  - {text: q, expect: [{check: equals, text: x}]}\n",
                  "suite.yaml:4:5: a case has no 'id' (its name, once in the suite; at most 128 bytes)\n");
    suite_box_bad(&box,
                  HEAD "cases:\n"
                       "  - {id: '', text: q, expect: [{check: equals, text: x}]}\n",
                  "suite.yaml:4:10: 'id': '' is empty\n");
    suite_box_bad(&box,
                  HEAD "cases:\n"
                       "  - {id: "
                       "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
                       "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy, text: q, expect: [{check: equals, text: x}]}\n",
                  "suite.yaml:4:10: 'id' has more than 128 bytes\n");
    suite_box_bad(&box,
                  HEAD "cases:\n"
                       "  - {id: a, text: q, tags: [A b], expect: [{check: equals, text: x}]}\n",
                  "suite.yaml:4:29: 'tags': 'A b' has a character other than a-z, 0-9, '-', '_', '.' and '+'\n");
    suite_box_bad(&box, HEAD "cases: [5, {id: a, text: q, expect: 5}]\n",
                  "suite.yaml:3:9: expected a case, found a number\n"
                  "suite.yaml:3:37: 'expect': expected a list of maps, found a number '5'\n");
    suite_box_done(&box);
}

static void equal_ids_are_refused(void **state) {
    struct suite_box box;
    (void)state;
    suite_box_init(&box);
    suite_box_bad(&box,
                  HEAD "cases:\n"
                       "  - {id: a, text: q, expect: [{check: equals, text: x}]}\n"
                       "  - {id: b, text: q, expect: [{check: equals, text: x}]}\n"
                       "  - {id: a, text: r, expect: [{check: equals, text: x}]}\n"
                       "  - {id: a, text: r, expect: [{check: equals, text: x}]}\n",
                  "suite.yaml:6:10: duplicate case 'a' (first on line 4)\n"
                  "suite.yaml:7:10: duplicate case 'a' (first on line 4)\n");
    suite_box_done(&box);
}

static void checks_are_refused_for_the_keys_that_they_lack_or_do_not_know(void **state) {
    struct suite_box box;
    (void)state;
    suite_box_init(&box);
    suite_box_bad(&box, HEAD "cases: [{id: a, text: q, expect: [{check: equal, text: x}]}]\n",
                  "suite.yaml:3:43: 'check': 'equal' is not one of equals, contains, regex, json, schema, number, "
                  "edit_distance, token_f1, exit, judge, did you mean 'equals'?\n");
    suite_box_bad(&box, HEAD "cases: [{id: a, text: q, expect: [{check: frobnicate}]}]\n",
                  "suite.yaml:3:43: 'check': 'frobnicate' is not one of equals, contains, regex, json, schema, number, "
                  "edit_distance, token_f1, exit, judge\n");
    suite_box_bad(&box, HEAD "cases: [{id: a, text: q, expect: [{text: x}]}]\n",
                  "suite.yaml:3:35: an expectation has no 'check' (how it is checked)\n");
    suite_box_bad(&box, HEAD "cases: [{id: a, text: q, expect: [{check: equals}]}]\n",
                  "suite.yaml:3:35: the check equals needs 'text'\n");
    suite_box_bad(&box, HEAD "cases: [{id: a, text: q, expect: [{check: equals, text: x, pointer: /a, at_least: 1}]}]\n",
                  "suite.yaml:3:60: 'pointer' is not for the check equals, which takes text, trim, ignore_case, output\n"
                  "suite.yaml:3:73: 'at_least' is not for the check equals, which takes text, trim, ignore_case, output\n");
    suite_box_bad(&box, HEAD "cases: [{id: a, text: q, expect: [{check: json, pointer: /a}]}]\n",
                  "suite.yaml:3:35: the check json needs 'value'\n");
    suite_box_bad(&box, HEAD "cases: [{id: a, text: q, expect: [{check: schema}]}]\n",
                  "suite.yaml:3:35: the check schema needs 'value'\n");
    suite_box_bad(
        &box, HEAD "cases: [{id: a, text: q, expect: [{check: number, text: 5}]}]\n",
        "suite.yaml:3:35: the check number needs 'number'\n"
        "suite.yaml:3:51: 'text' is not for the check number, which takes pointer, number, tolerance, relative, output\n");
    suite_box_bad(
        &box, HEAD "cases: [{id: a, text: q, expect: [{check: edit_distance, text: x, at_least: 1}]}]\n",
        "suite.yaml:3:35: the check edit_distance needs 'at_most'\n"
        "suite.yaml:3:67: 'at_least' is not for the check edit_distance, which takes text, trim, at_most, output\n");
    suite_box_bad(&box, HEAD "cases: [{id: a, text: q, expect: [{check: token_f1, text: x}]}]\n",
                  "suite.yaml:3:35: the check token_f1 needs 'at_least'\n");
    suite_box_bad(&box, HEAD "cases: [{id: a, text: q, expect: [{check: exit, number: 0, output: o}]}]\n",
                  "suite.yaml:3:60: 'output' is not for the check exit, which takes number\n");
    suite_box_bad(&box, HEAD "cases: [{id: a, text: q, expect: [{check: judge, text: r, scale: {lowest: 1}}]}]\n",
                  "suite.yaml:3:35: the check judge needs 'at_least'\n"
                  "suite.yaml:3:35: the check judge needs a judge, and the suite has no 'judge'\n"
                  "suite.yaml:3:66: a scale has no 'highest' (the best)\n");
    suite_box_done(&box);
}

static void checks_that_no_answer_can_meet_are_refused(void **state) {
    struct suite_box box;
    (void)state;
    suite_box_init(&box);
    suite_box_bad(&box, HEAD "cases: [{id: a, text: q, expect: [{check: contains, text: ''}]}]\n",
                  "suite.yaml:3:59: 'text' is empty, so the check contains asks nothing\n");
    suite_box_bad(&box, HEAD "cases: [{id: a, text: q, expect: [{check: regex, text: ''}]}]\n",
                  "suite.yaml:3:56: 'text' is empty, so the check regex asks nothing\n");
    suite_box_bad(&box, HEAD "cases: [{id: a, text: q, expect: [{check: regex, text: 'a('}]}]\n",
                  "suite.yaml:3:56: the pattern is not a regular expression: at byte 3: missing closing parenthesis\n");
    suite_box_bad(
        &box, HEAD "cases: [{id: a, text: q, expect: [{check: regex, text: '(?<n>a)\\C'}]}]\n",
        "suite.yaml:3:56: the pattern is not a regular expression: at byte 10: using \\C is disabled by the application\n");
    suite_box_bad(&box, HEAD "cases: [{id: a, text: q, expect: [{check: json, pointer: a, value: 1}]}]\n",
                  "suite.yaml:3:58: a JSON Pointer begins with '/', or is empty for the whole value\n");
    suite_box_bad(&box, HEAD "cases: [{id: a, text: q, expect: [{check: json, pointer: /~2, value: 1}]}]\n",
                  "suite.yaml:3:58: byte 2 of the JSON Pointer: '~' is written '~0', and '/' in a name '~1'\n");
    suite_box_bad(&box, HEAD "cases: [{id: a, text: q, expect: [{check: json, value: 1e999}]}]\n",
                  "suite.yaml:3:56: 'value': the number '1e999' is out of range\n");
    suite_box_bad(&box, HEAD "cases: [{id: a, text: q, expect: [{check: schema, value: {type: strin}}]}]\n",
                  "suite.yaml:3:58: '/type' of the JSON Schema: expected null, boolean, object, array, number, string, "
                  "integer, or a list of them\n");
    suite_box_bad(
        &box, HEAD "cases: [{id: a, text: q, expect: [{check: schema, value: {properties: {a: {format: date}}}}]}]\n",
        "suite.yaml:3:58: '/properties/a/format' of the JSON Schema: unknown keyword; known are type, properties, "
        "required, additionalProperties, items, enum, const, minimum, maximum, minLength, maxLength, pattern\n");
    suite_box_bad(&box, HEAD "cases: [{id: a, text: q, expect: [{check: schema, value: 5}]}]\n",
                  "suite.yaml:3:58: '' of the JSON Schema: expected a schema: an object, true or false\n");
    suite_box_bad(&box, HEAD "cases: [{id: a, text: q, expect: [{check: number, number: 1, tolerance: -1}]}]\n",
                  "suite.yaml:3:73: 'tolerance': -1 is less than 0\n");
    suite_box_bad(&box, HEAD "cases: [{id: a, text: q, expect: [{check: number, number: 1, relative: -0.1}]}]\n",
                  "suite.yaml:3:72: 'relative': -0.1 is less than 0\n");
    suite_box_bad(&box, HEAD "cases: [{id: a, text: q, expect: [{check: number, number: one}]}]\n",
                  "suite.yaml:3:59: 'number': expected a number, found text 'one'\n");
    suite_box_bad(&box, HEAD "cases: [{id: a, text: q, expect: [{check: edit_distance, text: x, at_most: 1.5}]}]\n",
                  "suite.yaml:3:76: 'at_most': 1.5 is not between 0 and 1\n");
    suite_box_bad(&box, HEAD "cases: [{id: a, text: q, expect: [{check: token_f1, text: x, at_least: -1}]}]\n",
                  "suite.yaml:3:72: 'at_least': -1 is not between 0 and 1\n");
    suite_box_bad(&box, HEAD "cases: [{id: a, text: q, expect: [{check: exit, number: 256}]}]\n",
                  "suite.yaml:3:57: 'number': 256 is not between 0 and 255\n");
    suite_box_bad(&box, HEAD "cases: [{id: a, text: q, expect: [{check: exit, number: 1.5}]}]\n",
                  "suite.yaml:3:57: 'number': an exit status is a whole number\n");
    suite_box_bad(
        &box,
        HEAD "cases: [{id: a, text: q, expect: [{check: judge, text: r, scale: {lowest: 1, highest: 5}, at_least: 4}]}]\n",
        "suite.yaml:3:35: the check judge needs a judge, and the suite has no 'judge'\n");
    suite_box_bad(
        &box,
        HEAD "judge: {protocol: ollama, url: 'http://h', model: m}\n"
             "cases: [{id: a, text: q, expect: [{check: judge, text: r, scale: {lowest: 5, highest: 5}, at_least: 5}]}]\n",
        "suite.yaml:4:66: 'scale': the lowest, 5, is not below the highest, 5\n");
    suite_box_bad(
        &box,
        HEAD "judge: {protocol: ollama, url: 'http://h', model: m}\n"
             "cases: [{id: a, text: q, expect: [{check: judge, text: r, scale: {lowest: 1, highest: 5}, at_least: 6}]}]\n",
        "suite.yaml:4:101: 'at_least': 6 is not between 1 and 5\n");
    suite_box_done(&box);
}

static void bounds_that_every_answer_keeps_are_refused(void **state) {
    struct suite_box box;
    (void)state;
    suite_box_init(&box);
    suite_box_bad(&box, HEAD "cases: [{id: a, text: q, expect: [{check: edit_distance, text: x, at_most: 1}]}]\n",
                  "suite.yaml:3:76: 'at_most': the edit distance is never above 1, so nothing could fail\n");
    suite_box_bad(&box,
                  HEAD "cases: [{id: a, text: q, expect: [{check: edit_distance, text: x, at_most: 1, not: true}]}]\n",
                  "suite.yaml:3:76: 'at_most': the edit distance is never above 1, so nothing could pass\n");
    suite_box_bad(&box, HEAD "cases: [{id: a, text: q, expect: [{check: token_f1, text: x, at_least: 0}]}]\n",
                  "suite.yaml:3:72: 'at_least': token F1 is never below 0, so nothing could fail\n");
    suite_box_bad(&box,
                  HEAD "judge: {model: j, protocol: ollama, url: 'http://127.0.0.1:1'}\ncases: [{id: a, text: q, expect: "
                       "[{check: judge, text: x, at_least: 1, scale: "
                       "{lowest: 1, highest: 5}}]}]\n",
                  "suite.yaml:4:69: 'at_least': the score is never below 1, so nothing could fail\n");
    suite_box_bad(&box, HEAD "thresholds: [{metric: regression_lower, at_least: -1, baseline: b}]\n" ONE,
                  "suite.yaml:3:51: 'at_least': -1 is not a difference of rates above -1 and up to 1\n");
    suite_box_done(&box);
}

static void impossible_thresholds_are_refused(void **state) {
    struct suite_box box;
    (void)state;
    suite_box_init(&box);
    suite_box_bad(&box, HEAD "thresholds: [{metric: pass_rate, at_least: 0.5}]\n" ONE,
                  "suite.yaml:3:23: 'metric': 'pass_rate' is not one of pass_rate_lower, latency_p50_ms, latency_p95_ms, "
                  "latency_p99_ms, cost, regression_lower, violations, probes_changed\n");
    suite_box_bad(&box, HEAD "thresholds: [{metric: pass_rate_lower, at_least: 1.2}]\n" ONE,
                  "suite.yaml:3:50: 'at_least': 1.2 is not a rate above 0 and up to 1\n");
    suite_box_bad(&box, HEAD "thresholds: [{metric: pass_rate_lower, at_most: 0.5}]\n" ONE,
                  "suite.yaml:3:40: 'at_most' is not for pass_rate_lower, where higher is better (expected 'at_least')\n");
    suite_box_bad(&box, HEAD "thresholds: [{metric: pass_rate_lower}]\n" ONE,
                  "suite.yaml:3:14: the threshold on pass_rate_lower needs 'at_least'\n");
    suite_box_bad(&box, HEAD "thresholds: [{metric: pass_rate_lower, at_least: 0.1, confidence: 1}]\n" ONE,
                  "suite.yaml:3:67: 'confidence': 1 is not between 0 and 1\n");
    suite_box_bad(&box, HEAD "thresholds: [{metric: pass_rate_lower, at_least: 0.1, confidence: 0}]\n" ONE,
                  "suite.yaml:3:67: 'confidence': 0 is not between 0 and 1\n");
    suite_box_bad(&box, HEAD "thresholds: [{metric: pass_rate_lower, at_least: 0.1, baseline: b}]\n" ONE,
                  "suite.yaml:3:55: 'baseline' is not for pass_rate_lower\n");
    suite_box_bad(&box, HEAD "thresholds: [{metric: latency_p95_ms, at_most: -1}]\n" ONE,
                  "suite.yaml:3:48: 'at_most': -1 is not milliseconds, above 0\n");
    suite_box_bad(&box, HEAD "thresholds: [{metric: latency_p50_ms, at_least: 1}]\n" ONE,
                  "suite.yaml:3:39: 'at_least' is not for latency_p50_ms, where lower is better (expected 'at_most')\n");
    suite_box_bad(&box, HEAD "thresholds: [{metric: latency_p99_ms, at_most: 1, confidence: 0.9}]\n" ONE,
                  "suite.yaml:3:51: 'confidence' is of lower bounds, and latency_p99_ms is none\n");
    suite_box_bad(&box, HEAD "thresholds: [{metric: cost, at_most: 1}]\n" ONE,
                  "suite.yaml:3:14: the threshold on cost needs 'prices'\n");
    suite_box_bad(&box,
                  HEAD "prices: {prompt: 1}\n"
                       "thresholds: [{metric: cost, at_most: -1}]\n" ONE,
                  "suite.yaml:4:38: 'at_most': -1 is not an amount of at least 0\n");
    suite_box_bad(&box, HEAD "thresholds: [{metric: regression_lower, at_least: -2, baseline: b}]\n" ONE,
                  "suite.yaml:3:51: 'at_least': -2 is not a difference of rates above -1 and up to 1\n");
    suite_box_bad(&box, HEAD "thresholds: [{metric: regression_lower, at_least: -0.5, baseline: b}]\n" ONE,
                  "suite.yaml:3:51: 'at_least': -0.5 is out of reach: when 1 case is as good as in the baseline the lower "
                  "bound is -0.7935; it takes 3 cases\n");
    suite_box_bad(&box, HEAD "thresholds: [{metric: regression_lower, at_least: 0.5, baseline: b}]\n" ONE,
                  "suite.yaml:3:51: 'at_least': 0.5 is out of reach: when 1 case passes, and none did in the baseline, the "
                  "lower bound is -0.1222; it takes 8 cases\n");
    suite_box_bad(&box, HEAD "thresholds: [{metric: regression_lower, at_least: -0.1}]\n" ONE,
                  "suite.yaml:3:14: the threshold on regression_lower needs 'baseline'\n");
    suite_box_bad(&box, HEAD "thresholds: [{metric: violations, at_most: 0.5}]\n" ONE,
                  "suite.yaml:3:44: 'at_most': 0.5 is not a count of at least 0\n");
    suite_box_bad(&box, HEAD "thresholds: [{metric: probes_changed, at_most: 0, baseline: b}]\n" ONE,
                  "suite.yaml:3:14: the threshold on probes_changed needs a case with 'probe: true'\n");
    suite_box_bad(&box, HEAD "thresholds: [{metric: probes_changed, at_most: -1}]\n" ONE,
                  "suite.yaml:3:14: the threshold on probes_changed needs 'baseline'\n"
                  "suite.yaml:3:14: the threshold on probes_changed needs a case with 'probe: true'\n"
                  "suite.yaml:3:48: 'at_most': -1 is not a count of at least 0\n");
    suite_box_bad(&box, HEAD "thresholds: [{metric: violations, at_most: 0}, {metric: violations, at_most: 1}]\n" ONE,
                  "suite.yaml:3:48: a second threshold on violations (first on line 3)\n");
    suite_box_done(&box);
}

static void a_bound_that_these_cases_cannot_reach_is_refused_with_their_number(void **state) {
    struct suite_box box;
    (void)state;
    suite_box_init(&box);
    suite_box_bad(&box, HEAD "thresholds: [{metric: pass_rate_lower, at_least: 0.9}]\n" ONE,
                  "suite.yaml:3:50: 'at_least': 0.9 is out of reach: when 1 case passes the lower bound is 0.2065; it "
                  "takes 35 cases\n");
    suite_box_bad(&box, HEAD "thresholds: [{metric: pass_rate_lower, at_least: 1}]\n" ONE,
                  "suite.yaml:3:50: 'at_least': no number of cases has a lower bound of 1 at a confidence of 0.95\n");
    suite_box_bad(&box,
                  HEAD "defaults: {repeats: 35}\n"
                       "thresholds: [{metric: pass_rate_lower, at_least: 0.9, confidence: 0.99}]\n" ONE,
                  "suite.yaml:4:50: 'at_least': 0.9 is out of reach: when 1 case passes the lower bound is 0.1309; it "
                  "takes 60 cases\n");
    suite_box_bad(&box,
                  HEAD "thresholds: [{metric: pass_rate_lower, at_least: 0.9}]\n"
                       "cases:\n"
                       "  - {id: a, text: q, repeats: 34, expect: [{check: equals, text: x}]}\n"
                       "  - {id: b, text: q, repeats: 2, weight: 100, expect: [{check: equals, text: x}]}\n",
                  "suite.yaml:3:50: 'at_least': 0.9 is out of reach: when 2 cases pass, which by their weights count as "
                  "1.0, the lower bound is 0.2098; it takes 35 cases of equal weight\n");
    suite_box_done(&box);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_suite_is_refused),
        cmocka_unit_test(names_weights_and_seeds_have_bounds),
        cmocka_unit_test(wrong_keys_and_types_are_refused),
        cmocka_unit_test(cases_that_ask_or_expect_nothing_are_refused),
        cmocka_unit_test(equal_ids_are_refused),
        cmocka_unit_test(checks_are_refused_for_the_keys_that_they_lack_or_do_not_know),
        cmocka_unit_test(checks_that_no_answer_can_meet_are_refused),
        cmocka_unit_test(bounds_that_every_answer_keeps_are_refused),
        cmocka_unit_test(impossible_thresholds_are_refused),
        cmocka_unit_test(a_bound_that_these_cases_cannot_reach_is_refused_with_their_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
