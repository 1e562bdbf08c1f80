/* Manifests: what is read, and each fault with its place and words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/json.h"
#include "packs/manifest/fields.h"
#include "packs/manifest/fresh.h"
#include "packs/manifest/load.h"
#include "packs/manifest/schema.h"
#include "packs/manifest/uses.h"

/* Lines 1 to 5, and the rest of a manifest without a fault. */
#define HEAD   "schema: foundry-pack/v0\nname: p\nversion: 1.0.0\nsummary: s\npublisher: example.org/p\n"
#define EXEC   "permissions: [{group: exec, scope: wc, tier: T0, reason: r}]\n"
#define ROUTES "routes: [{name: r, role: tool, program: wc}]\n"
#define STEPS  "steps: [{id: s, route: r}]\n"

/* The findings, one a line; without warnings where those are another test's. */
static char *lines_of(struct finding_list *found, bool warnings) {
    struct buf text = {.max = 1 << 20};
    finding_sort(found);
    for (size_t i = 0; i < found->n; i++) {
        if (found->list[i].warning && !warnings) continue;
        finding_line(&found->list[i], &text);
        buf_put_u8(&text, '\n');
    }
    buf_put_u8(&text, 0);
    return (char *)text.p;
}

static struct manifest *read_good(const char *text) {
    struct finding_list found = {0};
    struct manifest *manifest = NULL;
    struct err err = {0};
    int rc = manifest_load_text(bytes_of(text), "pack.yaml", NULL, &found, &manifest, &err);
    char *lines = lines_of(&found, true);
    assert_string_equal(lines, "");
    assert_int_equal(rc, 0);
    free(lines);
    finding_done(&found);
    return manifest;
}

static void expect_of(struct bytes text, bool good, const char *expected) {
    struct finding_list found = {0};
    struct manifest *manifest = NULL;
    struct err err = {0};
    int rc = manifest_load_text(text, "pack.yaml", NULL, &found, &manifest, &err);
    char *lines = lines_of(&found, good);
    assert_string_equal(lines, expected);
    assert_int_equal(rc, good ? 0 : ERR_INVALID);
    assert_true(good == (found.errors == 0) && good == (manifest != NULL));
    free(lines);
    manifest_free(manifest);
    finding_done(&found);
}

static void expect_errors(const char *text, const char *expected) {
    expect_of(bytes_of(text), false, expected);
}

static void every_value_is_read_as_it_is_meant(void **state) {
    (void)state;
    struct manifest *m = read_good(
        "schema: foundry-pack/v0\nname: p\nversion: 1.2.3-rc.1+b\nsummary: 1.10\npublisher: example.org/p\n"
        "permissions: [{group: exec, scope: pdf*, tier: T1, required: true, reason: r}, "
        "{group: model.invoke, tier: T0, reason: r}]\n"
        "routes:\n"
        "  - {name: text, role: tool, program: pdftotext, arguments: [-layout, '${doc}', '$${x}', 5, '']}\n"
        "  - {name: sum, role: model, family: llama, context_min: 8192, task: chat, fallback: short, required: true}\n"
        "  - {name: short, role: tool, program: pdfshort, arguments: ['${out}']}\n"
        "checks: [{name: c, program: pdftotext, expect: {exit_code: -1, output: '*x*'}, timeout: 1.5s}]\n"
        "evals: [{route: sum, suite: suites/a.yaml, thresholds: [{metric: f1, min: 0.5, max: 1}], fresh_for: 30d}]\n"
        "requires: {packs: [{name: q, version: ^1.2}], programs: [{name: g++, version: '>=10'}]}\n"
        "hardware: {tier: large, memory: 16 GiB, vram: 1000}\n"
        "provides: [text]\n"
        "inputs: [{name: doc, type: file, media_type: application/pdf, size_max: 10MiB, required: true}]\n"
        "steps:\n"
        "  - {id: b, route: sum, inputs: [out], outputs: [short], stdout: short, when: step a succeeded}\n"
        "  - {id: a, route: text, inputs: [doc], outputs: [out], stdout: out, limits: {time: 2m, processes: 4}}\n"
        "artifacts: [{name: short, media_type: text/plain, required: true}]\n");
    const struct manifest_pack *p = &m->pack;
    assert_true(bytes_is(p->summary, "1.10"));
    assert_true(p->permissions.n == 2 && p->permissions.items[0].required && !p->permissions.items[1].required);
    assert_null(p->permissions.items[1].scope.p);
    assert_int_equal(p->routes.items[0].arguments.n, 5);
    assert_true(bytes_is(p->routes.items[0].arguments.items[3], "5"));
    assert_int_equal(p->routes.items[1].context_min, 8192);
    assert_int_equal(manifest_role(&p->routes.items[1]), MANIFEST_MODEL);
    assert_true(p->checks.items[0].expect->exit_code.given && p->checks.items[0].expect->exit_code.value == -1);
    assert_int_equal(p->checks.items[0].timeout, 1500000000);
    assert_true(p->evals.items[0].thresholds.items[0].min.given && p->evals.items[0].thresholds.items[0].max.value == 1.0);
    assert_int_equal(p->evals.items[0].fresh_for, UINT64_C(30) * 86400 * 1000000000);
    assert_int_equal(p->hardware->memory, UINT64_C(16) << 30);
    assert_int_equal(p->hardware->vram, 1000);
    assert_null(p->conflicts);
    assert_int_equal(p->steps.items[1].limits->time, UINT64_C(120) * 1000000000);
    assert_int_equal(p->steps.items[1].limits->memory, 0);
    assert_int_equal(p->steps.items[0].node->at.line, 18);
    assert_true(m->order[0] == 1 && m->order[1] == 0); /* b reads what a makes */
    assert_true(manifest_maker(p, bytes_of("out")) == &p->steps.items[1]);
    assert_true(uses_of(p, &p->steps.items[0], &p->permissions.items[1]));
    assert_true(uses_of(p, &p->steps.items[0], &p->permissions.items[0])); /* by its fallback */
    assert_false(uses_of(p, &p->steps.items[1], &p->permissions.items[1]));
    manifest_free(m);
}

static void json_and_yaml_of_one_manifest_mean_the_same(void **state) {
    (void)state;
    struct buf a = {.max = 1 << 20}, b = {.max = 1 << 20}, json = {.max = 1 << 20};
    struct err err = {0};
    struct manifest *m = read_good(HEAD EXEC ROUTES STEPS);
    assert_int_equal(manifest_load_write(m, &a, &err), 0);
    assert_int_equal(json_from_mp(bytes_of_buf(&a), JSON_PRETTY, &json, &err), 0);
    buf_put_u8(&json, 0);
    manifest_free(m);
    m = read_good((const char *)json.p);
    assert_int_equal(manifest_load_write(m, &b, &err), 0);
    assert_true(bytes_eq(bytes_of_buf(&a), bytes_of_buf(&b)));
    manifest_free(m);
    buf_done(&a);
    buf_done(&b);
    buf_done(&json);
}

static void a_route_is_known_by_what_it_means(void **state) {
    (void)state;
    static const char *const routes[] = {
        "routes: [{name: r, role: tool, program: wc, arguments: [-c], required: false}]\n",
        "# a remark\nroutes:\n  - program: 'wc'\n    role: tool\n    arguments:\n      - \"-c\"\n    name: r\n",
        "routes: [{name: r, role: tool, program: wc, arguments: [-w]}]\n"};
    struct buf bytes[3] = {{.max = 65536}, {.max = 65536}, {.max = 65536}};
    struct err err = {0};
    for (size_t i = 0; i < 3; i++) {
        char text[1024];
        snprintf(text, sizeof(text), HEAD EXEC "%s" STEPS, routes[i]);
        struct manifest *m = read_good(text);
        assert_int_equal(manifest_load_write_route(&m->pack.routes.items[0], &bytes[i], &err), 0);
        manifest_free(m);
    }
    assert_true(bytes_eq(bytes_of_buf(&bytes[0]), bytes_of_buf(&bytes[1])));
    assert_false(bytes_eq(bytes_of_buf(&bytes[0]), bytes_of_buf(&bytes[2])));
    for (size_t i = 0; i < 3; i++) {
        buf_done(&bytes[i]);
    }
}

static void a_fresh_manifest_has_no_fault(void **state) {
    (void)state;
    static const char *const publishers[] = {"example.org/me", "a\"b\\c", "\xc3\xa9"};
    struct buf text = {.max = 65536};
    struct err err = {0};
    for (size_t i = 0; i < 3; i++) {
        buf_clear(&text);
        assert_int_equal(fresh_manifest(bytes_of("123"), bytes_of(publishers[i]), &text, &err), 0);
        buf_put_u8(&text, 0);
        struct manifest *m = read_good((const char *)text.p);
        assert_true(bytes_is(m->pack.name, "123") && bytes_is(m->pack.publisher, publishers[i]));
        manifest_free(m);
    }
    assert_int_equal(fresh_manifest(bytes_of("a: b"), bytes_of("x"), &text, &err), ERR_INVALID);
    assert_int_equal(fresh_manifest(bytes_of("../x"), bytes_of("x"), &text, &err), ERR_INVALID);
    assert_int_equal(fresh_manifest(bytes_of("x"), bytes_of("a b"), &text, &err), ERR_INVALID);
    assert_int_equal(fresh_manifest(bytes_of("x"), bytes_of("a\nb"), &text, &err), ERR_INVALID);
    buf_done(&text);
}

static void unknown_keys_are_refused_with_the_nearest(void **state) {
    (void)state;
    expect_errors(HEAD "permisions: []\n" EXEC ROUTES STEPS,
                  "pack.yaml:6:1: 'permisions' is not a key of a pack, did you mean 'permissions'?\n");
    expect_errors(HEAD "permissions:\n  - {group: exec, scope: wc, tierr: T0, tier: T0, reason: r}\n" ROUTES STEPS,
                  "pack.yaml:7:30: 'tierr' is not a key of a permission, did you mean 'tier'?\n");
    expect_errors(HEAD EXEC ROUTES "hardware: {cores: 4}\n" STEPS,
                  "pack.yaml:8:12: 'cores' is not a key of the hardware (known: tier, memory, vram)\n");
}

static void wrong_types_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *errors;
    } cases[] = {
        {"routes: 5\nsteps: {}\n", "pack.yaml:6:9: 'routes': expected a list of maps, found a number '5'\n"
                                   "pack.yaml:7:8: 'steps': expected a list of maps, found a map\n"},
        {"steps: []\n", "pack.yaml:6:8: 'steps' is empty\n"},
        {"steps:\n", "pack.yaml:6:1: 'steps' has no value (expected a list of maps)\n"},
        {"hardware: [1]\n" EXEC ROUTES STEPS, "pack.yaml:6:11: 'hardware': expected a map, found a list\n"},
        {"license: true\n" EXEC ROUTES STEPS,
         "pack.yaml:6:10: 'license': expected one line of text, found a boolean 'true'; write it in quotes\n"},
        {"license: [MIT]\n" EXEC ROUTES STEPS, "pack.yaml:6:10: 'license': expected one line of text, found a list\n"},
        {"license: |\n  two\n  lines\n" EXEC ROUTES STEPS,
         "pack.yaml:6:10: 'license': 'two\nlines\n' has control characters or more than one line\n"},
        {"hardware: {memory: 5 parsecs, vram: 2000TiB}\n" EXEC ROUTES STEPS,
         "pack.yaml:6:20: 'memory': '5 parsecs' is not a size (expected bytes, or a number and KiB, MiB, GiB or TiB)\n"
         "pack.yaml:6:37: 'vram': '2000TiB' is more than 1024TiB\n"},
        {"provides: [ok, Not OK, -x, '']\n" EXEC ROUTES STEPS,
         "pack.yaml:6:16: 'provides': 'Not OK' has a character other than a-z, 0-9, '-', '_', '.' and '+'\n"
         "pack.yaml:6:24: 'provides': '-x' does not begin with a letter or digit\n"
         "pack.yaml:6:28: 'provides': '' is empty\n"},
        {EXEC "routes: [{name: r, role: tool, program: wc, required: yes}]\n" STEPS,
         "pack.yaml:7:55: 'required': expected true or false, found text 'yes'\n"},
        {"permissions: [{group: exce, tier: T4, reason: r}]\n",
         "pack.yaml:1:1: a pack has no 'steps' (what a run does)\n"
         "pack.yaml:6:23: 'group': 'exce' is not one of filesystem.read, filesystem.write, exec, network.egress, "
         "model.invoke, secrets.read, gpu, did you mean 'exec'?\n"
         "pack.yaml:6:35: 'tier': 'T4' is not one of T0, T1, T2, T3\n"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[2048];
        snprintf(text, sizeof(text), HEAD "%s", cases[i].text);
        expect_errors(text, cases[i].errors);
    }
}

static void what_is_required_is_named_where_it_lacks(void **state) {
    (void)state;
    expect_errors("{}\n", "pack.yaml:1:1: a pack has no 'schema' (the form of this file)\n"
                          "pack.yaml:1:1: a pack has no 'name' (its name)\n"
                          "pack.yaml:1:1: a pack has no 'version' (its version)\n"
                          "pack.yaml:1:1: a pack has no 'summary' (what it does, in a line)\n"
                          "pack.yaml:1:1: a pack has no 'publisher' (who publishes it: the name of the key that signs it, "
                          "example.org/alice)\n"
                          "pack.yaml:1:1: a pack has no 'steps' (what a run does)\n");
    expect_errors("- a\n", "pack.yaml:1:1: a manifest is a map, and this is a list\n");
    expect_errors("schema: foundry-pack/v1\nname: p\nversion: 1.0\nsummary: s\npublisher: a b\n" EXEC ROUTES STEPS,
                  "pack.yaml:1:9: 'schema': 'foundry-pack/v1' is not one of foundry-pack/v0, did you mean "
                  "'foundry-pack/v0'?\n"
                  "pack.yaml:3:10: 'version': '1.0' is not MAJOR.MINOR.PATCH\n"
                  "pack.yaml:5:12: 'publisher': 'a b' has white space\n");
}

static void names_that_refer_to_nothing_are_refused(void **state) {
    (void)state;
    expect_errors(HEAD EXEC "routes: [{name: text, role: tool, program: wc, fallback: txt}]\n"
                            "evals: [{route: txet, suite: s.yaml, thresholds: [{metric: m, min: 1}]}]\n"
                            "inputs: [{name: document, type: text}]\n"
                            "steps:\n"
                            "  - {id: one, route: tetx, inputs: [documnet]}\n"
                            "  - {id: two, route: text, inputs: [document], needs: [on], when: step three failed}\n"
                            "  - {id: three, route: text, stdin: a, stdout: b, uses: [gpu], when: input outs given}\n"
                            "artifacts: [{name: document}]\n",
                  "pack.yaml:7:58: 'fallback': there is no route 'txt', did you mean 'text'?\n"
                  "pack.yaml:8:17: 'route': there is no route 'txet', did you mean 'text'?\n"
                  "pack.yaml:11:22: 'route': there is no route 'tetx', did you mean 'text'?\n"
                  "pack.yaml:11:37: 'inputs': 'documnet' is not an input of the pack or an output of a step, did you mean "
                  "'document'?\n"
                  "pack.yaml:12:56: 'needs': there is no step 'on', did you mean 'one'?\n"
                  "pack.yaml:13:37: 'stdin': 'a' is not among the step's inputs\n"
                  "pack.yaml:13:48: 'stdout': 'b' is not among the step's outputs\n"
                  "pack.yaml:13:58: 'uses': the pack has no permission 'gpu' (expected GROUP or GROUP:SCOPE)\n"
                  "pack.yaml:13:70: 'when': 'outs' is not an input of the pack\n"
                  "pack.yaml:14:20: the artifact 'document' is not an output of a step\n");
}

static void steps_that_form_a_cycle_are_refused(void **state) {
    (void)state;
    expect_errors(HEAD EXEC ROUTES "steps:\n  - {id: a, route: r, needs: [c]}\n  - {id: b, route: r, needs: [a]}\n"
                                   "  - {id: c, route: r, needs: [b]}\n  - {id: d, route: r, needs: [c]}\n",
                  "pack.yaml:9:5: the steps form a cycle: 'a' needs 'c' needs 'b' needs 'a'\n");
    expect_errors(HEAD EXEC ROUTES "steps:\n  - {id: a, route: r, needs: [a]}\n",
                  "pack.yaml:9:5: the steps form a cycle: 'a' needs 'a'\n");
    expect_errors(HEAD EXEC ROUTES "steps:\n  - {id: x, route: r, inputs: [o], outputs: [p], stdout: p}\n"
                                   "  - {id: y, route: r, inputs: [p], outputs: [o], stdout: o}\n",
                  "pack.yaml:9:5: the steps form a cycle: 'x' needs 'y' needs 'x'\n");
    expect_errors(HEAD EXEC "routes:\n  - {name: r, role: tool, program: wc, fallback: q}\n"
                            "  - {name: q, role: tool, program: wc, fallback: r}\n" STEPS,
                  "pack.yaml:8:50: the fallbacks of route 'r' lead back to it\n"
                  "pack.yaml:9:50: the fallbacks of route 'q' lead back to it\n");
}

static void scopes_that_climb_out_are_refused(void **state) {
    (void)state;
    expect_errors(HEAD "permissions:\n"
                       "  - {group: exec, scope: wc, tier: T0, reason: r}\n"
                       "  - {group: filesystem.read, scope: ../../etc, tier: T0, reason: r}\n"
                       "  - {group: filesystem.read, scope: a/../b, tier: T0, reason: r}\n"
                       "  - {group: filesystem.write, scope: ~/x, tier: T0, reason: r}\n"
                       "  - {group: network.egress, scope: 'EXAMPLE.org:443', tier: T0, reason: r}\n" ROUTES
                       "steps: [{id: s, route: r, uses: [filesystem.read, filesystem.write, network.egress]}]\n",
                  "pack.yaml:8:37: 'scope': '../../etc' has a '..' segment\n"
                  "pack.yaml:9:37: 'scope': 'a/../b' has a '..' segment\n"
                  "pack.yaml:10:38: 'scope': '~/x' begins with '~', which only a shell knows\n"
                  "pack.yaml:11:36: 'scope': 'EXAMPLE.org:443' is not a host in lower case (NAME or NAME:PORT, without "
                  "scheme, user or path)\n");
    expect_errors(HEAD EXEC ROUTES "evals:\n"
                                   "  - {route: r, suite: ../s.yaml, thresholds: [{metric: m, min: 1}]}\n"
                                   "  - {route: r, suite: /s.yaml, thresholds: [{metric: m}]}\n"
                                   "  - {route: r, suite: a//s.yaml, thresholds: [{metric: m, min: 2, max: 1}]}\n" STEPS,
                  "pack.yaml:9:23: 'suite': '../s.yaml' has a '.' or '..' segment\n"
                  "pack.yaml:10:23: 'suite': '/s.yaml' is absolute (expected a path from the directory of this file)\n"
                  "pack.yaml:10:45: a threshold has neither 'min' nor 'max'\n"
                  "pack.yaml:11:23: 'suite': 'a//s.yaml' has an empty segment\n"
                  "pack.yaml:11:64: 'min' is more than 'max'\n");
}

static void names_that_are_there_twice_are_refused(void **state) {
    (void)state;
    expect_errors(HEAD "permissions:\n  - {group: exec, tier: T0, reason: r}\n  - {group: exec, tier: T1, reason: r}\n"
                       "routes:\n  - {name: r, role: tool, program: wc}\n  - {name: r, role: tool, program: wc}\n"
                       "inputs: [{name: i, type: text}, {name: i, type: text}]\n"
                       "requires: {packs: [{name: a}, {name: a}, {name: p}]}\n"
                       "conflicts: {packs: [{name: a}]}\n"
                       "steps:\n  - {id: s, route: r, inputs: [i, i], outputs: [o, i], stdout: o}\n"
                       "  - {id: s, route: r, inputs: [o], outputs: [o], stdout: o}\n",
                  "pack.yaml:8:5: duplicate permission exec of this scope (first on line 7)\n"
                  "pack.yaml:11:12: duplicate route 'r' (first on line 10)\n"
                  "pack.yaml:12:40: duplicate input 'i' (first on line 12)\n"
                  "pack.yaml:13:38: duplicate name 'a' (first on line 13)\n"
                  "pack.yaml:13:49: the pack refers to itself\n"
                  "pack.yaml:14:21: conflicts with the pack 'a', which is required on line 13\n"
                  "pack.yaml:16:5: the steps form a cycle: 's' needs 's'\n"
                  "pack.yaml:16:35: 'inputs': duplicate 'i'\n"
                  "pack.yaml:16:52: the name 'i' is already used by an input or output on line 12\n"
                  "pack.yaml:17:10: duplicate step 's' (first on line 16)\n"
                  "pack.yaml:17:46: the name 'o' is already used by an input or output on line 16\n");
}

static void keys_of_a_tool_and_of_a_model_are_kept_apart(void **state) {
    (void)state;
    expect_errors(HEAD "permissions: [{group: exec, scope: wc, tier: T0, reason: r}]\n"
                       "routes:\n"
                       "  - {name: a, role: tool, model: m}\n"
                       "  - {name: b, role: model, program: wc}\n"
                       "  - {name: c, role: tool, program: sh, arguments: ['${', '${}', '${x}']}\n"
                       "checks: [{name: a}, {name: b, program: wc, url: 'http://localhost/'}, "
                       "{name: c, url: 'http://localhost/', expect: {exit_code: 1}}]\n"
                       "steps:\n"
                       "  - {id: s, route: c, prompt: p.txt}\n"
                       "  - {id: t, route: b, stdout: x, outputs: [x, y]}\n"
                       "  - {id: u, route: a, inputs: [x, y]}\n",
                  "pack.yaml:8:5: a route to a tool has no 'program'\n"
                  "pack.yaml:8:27: 'model' is for routes with the role model; this one has the role tool\n"
                  "pack.yaml:9:5: a route to a model has no 'model', 'digest' or 'family'\n"
                  "pack.yaml:9:5: no permission of the group model.invoke, which a route to a model needs\n"
                  "pack.yaml:9:28: 'program' is for routes with the role tool; this one has the role model\n"
                  "pack.yaml:10:36: no permission of the group exec covers 'sh'\n"
                  "pack.yaml:10:52: 'arguments': '${' has '${' without a name and '}' ('$${' is a plain one)\n"
                  "pack.yaml:10:58: 'arguments': '${}' has '${' without a name and '}' ('$${' is a plain one)\n"
                  "pack.yaml:10:65: 'arguments': ${x} is not an input or output of the step 's'\n"
                  "pack.yaml:11:10: a check needs either 'program' or 'url'\n"
                  "pack.yaml:11:21: a check needs either 'program' or 'url'\n"
                  "pack.yaml:11:86: no permission of the group network.egress covers 'localhost:80'\n"
                  "pack.yaml:11:116: 'exit_code' is of a program, and this is a URL\n"
                  "pack.yaml:13:23: 'prompt' is for steps of a model, and neither the route nor a fallback is one\n"
                  "pack.yaml:14:23: 'stdout' is for steps of a tool, and neither the route nor a fallback is one\n"
                  "pack.yaml:14:43: 'outputs': a step of a model makes one output\n");
}

static void what_nothing_uses_is_a_warning(void **state) {
    (void)state;
    expect_of(bytes_of(HEAD "permissions:\n"
                            "  - {group: exec, scope: wc, tier: T0, reason: r}\n"
                            "  - {group: exec, scope: rm, tier: T3, reason: r}\n"
                            "  - {group: gpu, tier: T0, reason: r}\n"
                            "  - {group: network.egress, scope: 'example.org:443', tier: T0, reason: r}\n"
                            "routes: [{name: r, role: tool, program: wc}, {name: q, role: tool, program: wc}]\n"
                            "checks: [{name: c, url: 'https://example.org/x'}]\n"
                            "inputs: [{name: i, type: text}, {name: j, type: text}]\n"
                            "steps: [{id: s, route: r, outputs: [o, k], stdout: k, when: input j given}]\n"),
              true,
              "pack.yaml:8:5: warning: no step uses the permission exec on rm\n"
              "pack.yaml:9:5: warning: no step uses the permission gpu\n"
              "pack.yaml:11:46: warning: no step uses the route 'q'\n"
              "pack.yaml:13:17: warning: unused input 'i'\n"
              "pack.yaml:14:37: warning: 'outputs': nothing makes 'o': it is neither in the arguments nor 'stdout'\n"
              "pack.yaml:14:37: warning: unused output 'o'\n"
              "pack.yaml:14:40: warning: unused output 'k'\n");
}

static void ranges_are_checked_in_their_order(void **state) {
    (void)state;
    expect_errors(HEAD EXEC ROUTES "requires:\n  packs: [{name: a, version: latest}, {name: Big}]\n"
                                   "  packages: [{name: x, version: ^1}]\n" STEPS,
                  "pack.yaml:9:30: 'version': 'latest' is not MAJOR.MINOR.PATCH\n"
                  "pack.yaml:9:46: 'name': 'Big' has a character other than a-z, 0-9, '-', '_', '.' and '+'\n"
                  "pack.yaml:10:33: 'version': '^1' has '^' or '~', which only versions of packs have\n");
}

static void every_host_that_a_check_asks_needs_a_permission(void **state) {
    (void)state;
    expect_errors(HEAD EXEC ROUTES
                  "checks:\n  - {name: a, url: 'https://example.org/x'}\n"
                  "  - {name: b, url: 'http://127.0.0.1:11434/'}\n  - {name: c, url: 'http://u@h/'}\n" STEPS,
                  "pack.yaml:9:20: no permission of the group network.egress covers 'example.org:443'\n"
                  "pack.yaml:10:20: no permission of the group network.egress covers '127.0.0.1:11434'\n"
                  "pack.yaml:11:20: 'url': 'http://u@h/' has a user part\n");
}

static void findings_past_the_limit_are_counted(void **state) {
    (void)state;
    struct finding_list found = {0};
    struct buf text = {.max = 1 << 20};
    struct manifest *m = NULL;
    struct err err = {0};
    buf_put_str(&text, HEAD EXEC ROUTES STEPS "provides:\n");
    for (int i = 0; i < 1000; i++) {
        buf_put_str(&text, "  - X\n");
    }
    assert_int_equal(manifest_load_text(bytes_of_buf(&text), "pack.yaml", NULL, &found, &m, &err), ERR_INVALID);
    assert_int_equal(found.n, FINDINGS_MAX);
    assert_int_equal(found.errors, 1000);
    assert_string_equal(err.msg, "pack.yaml has 1000 errors");
    finding_done(&found);
    buf_done(&text);
}

/* Texts of up to 1 MiB that are built to take long. */
static void manifests_with_too_much_to_compare_are_refused(void **state) {
    (void)state;
    static const char words[] = "pack.yaml:1:1: the manifest is too complex to check\n";
    for (int kind = 0; kind < 4; kind++) {
        struct buf text = {.max = YAML_TEXT_MAX};
        struct finding_list found = {0};
        struct manifest *m = NULL;
        struct err err = {0};
        buf_put_str(&text, kind == 0 ? HEAD EXEC "routes:\n  - {name: r, role: tool, program: wc, arguments: [" : HEAD);
        for (int i = 0; kind == 0 && i < 80; i++) { /* names in arguments, for each of a thousand steps */
            buf_put_str(&text, i > 0 ? ", '" : "'");
            for (int j = 0; j < 1000; j++) {
                buf_put_str(&text, "${a}");
            }
            buf_put_str(&text, "'");
        }
        buf_put_str(&text, kind == 0 ? "]}\nsteps:\n" : kind == 1 ? "permissions:\n" : "steps:\n");
        for (int i = 0; kind != 1 && i < 1000; i++) {
            buf_printf(&text,
                       kind == 0 ? "  - {id: s%d, route: r}\n"
                                 : "  - {id: averylongnamethatissimilartoothers%d, route: r, needs: [",
                       i);
            for (int j = 0; kind >= 2 && j < 20; j++) { /* names that are near to a thousand others */
                buf_printf(&text, "%saverylongnamethatissimilartothers%d", j > 0 ? ", " : "", kind == 2 ? i * 40 + j : 7);
            }
            buf_put_str(&text, kind == 0 ? "" : "]}\n");
        }
        for (int i = 0; kind == 1 && i < 100; i++) { /* patterns and programs, each with each */
            buf_put_str(&text, "  - {group: exec, tier: T0, reason: r, scope: '");
            for (int j = 0; j < 1900; j++) {
                buf_put_str(&text, "*a");
            }
            buf_printf(&text, "b%d'}\n", i);
        }
        buf_put_str(&text, kind == 1 ? "routes:\n" : "");
        for (int i = 0; kind == 1 && i < 100; i++) {
            buf_printf(&text, "  - {name: r%d, role: tool, program: ", i);
            for (int j = 0; j < 3000; j++) {
                buf_put_u8(&text, 'a');
            }
            buf_put_str(&text, "}\n");
        }
        assert_int_equal(text.fail, 0);
        assert_int_equal(manifest_load_text(bytes_of_buf(&text), "pack.yaml", NULL, &found, &m, &err), ERR_INVALID);
        char *lines = lines_of(&found, false);
        assert_true(strstr(lines, words) != NULL ||
                    found.errors > FINDINGS_MAX); /* then it may be past those that are kept */
        free(lines);
        finding_done(&found);
        buf_done(&text);
    }
}

static void lists_that_are_too_long_are_refused(void **state) {
    (void)state;
    struct buf text = {.max = YAML_TEXT_MAX};
    buf_put_str(&text, HEAD EXEC STEPS "provides: [a]\nroutes:\n  - {name: r, role: tool, program: wc}\n");
    for (int i = 0; i < 20000; i++) {
        buf_printf(&text, "  - {name: r%d}\n", i);
    }
    expect_of(bytes_of_buf(&text), false,
              "pack.yaml:7:24: 'route': there is no route 'r'\npack.yaml:10:3: 'routes': more than 1000 items\n");
    buf_done(&text);
}

static void every_truncation_is_refused_or_read(void **state) {
    (void)state;
    struct buf text = {.max = 65536};
    struct err err = {0};
    assert_int_equal(fresh_manifest(bytes_of("p"), bytes_of("x"), &text, &err), 0);
    for (size_t n = 0; n < text.n; n++) {
        struct finding_list found = {0};
        struct manifest *m = NULL;
        int rc = manifest_load_text((struct bytes){text.p, n}, "pack.yaml", NULL, &found, &m, &err);
        assert_true(rc == 0 ? found.errors == 0 : rc == ERR_INVALID && found.errors > 0);
        manifest_free(m);
        finding_done(&found);
    }
    buf_done(&text);
}

static void arguments_are_cut_at_the_names_in_them(void **state) {
    (void)state;
    struct bytes rest = bytes_of("a${b}c$${d}$e${f}"), text, name;
    static const char *const texts[] = {"a", "c$", "{d}$e"}, *const names[] = {"b", NULL, "f"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(manifest_piece(&rest, &text, &name), 0);
        assert_true(bytes_is(text, texts[i]));
        assert_true(names[i] != NULL ? bytes_is(name, names[i]) : name.p == NULL);
    }
    assert_int_equal(manifest_piece(&rest, &text, &name), 1);
}

static void the_schema_has_every_key_of_the_table(void **state) {
    (void)state;
    struct buf json = {.max = 1 << 20}, markdown = {.max = 1 << 20}, mp = {.max = 1 << 20};
    struct err err = {0};
    assert_int_equal(schema_json(&json, &err), 0);
    assert_int_equal(schema_markdown(&markdown, &err), 0);
    assert_int_equal(json_to_mp(bytes_of_buf(&json), &mp, &err), 0);
    for (size_t i = 0; i < fields_count(); i++) {
        for (size_t j = 0; j < fields_at(i)->n; j++) {
            char key[80];
            snprintf(key, sizeof(key), "\"%s\": {", fields_at(i)->fields[j].key);
            assert_non_null(memmem(json.p, json.n, key, strlen(key)));
            snprintf(key, sizeof(key), "| `%s` |", fields_at(i)->fields[j].key);
            assert_non_null(memmem(markdown.p, markdown.n, key, strlen(key)));
        }
    }
    buf_done(&json);
    buf_done(&markdown);
    buf_done(&mp);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_is_read_as_it_is_meant),
        cmocka_unit_test(json_and_yaml_of_one_manifest_mean_the_same),
        cmocka_unit_test(a_route_is_known_by_what_it_means),
        cmocka_unit_test(a_fresh_manifest_has_no_fault),
        cmocka_unit_test(unknown_keys_are_refused_with_the_nearest),
        cmocka_unit_test(wrong_types_are_refused),
        cmocka_unit_test(what_is_required_is_named_where_it_lacks),
        cmocka_unit_test(names_that_refer_to_nothing_are_refused),
        cmocka_unit_test(steps_that_form_a_cycle_are_refused),
        cmocka_unit_test(scopes_that_climb_out_are_refused),
        cmocka_unit_test(names_that_are_there_twice_are_refused),
        cmocka_unit_test(keys_of_a_tool_and_of_a_model_are_kept_apart),
        cmocka_unit_test(what_nothing_uses_is_a_warning),
        cmocka_unit_test(ranges_are_checked_in_their_order),
        cmocka_unit_test(every_host_that_a_check_asks_needs_a_permission),
        cmocka_unit_test(findings_past_the_limit_are_counted),
        cmocka_unit_test(manifests_with_too_much_to_compare_are_refused),
        cmocka_unit_test(lists_that_are_too_long_are_refused),
        cmocka_unit_test(every_truncation_is_refused_or_read),
        cmocka_unit_test(arguments_are_cut_at_the_names_in_them),
        cmocka_unit_test(the_schema_has_every_key_of_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
