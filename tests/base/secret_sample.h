/* What the tests of base/secret share: secrets of every form, made at run time, and ordinary text without any. */
#ifndef TESTS_BASE_SECRET_SAMPLE_H
#define TESTS_BASE_SECRET_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/secret/check.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { SAMPLE_MAX = 512 };

#define SAMPLE_HEX    "0123456789abcdef"
#define SAMPLE_DIGITS "0123456789"
#define SAMPLE_BASE32 "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
#define SAMPLE_ALPHA  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define SAMPLE_ALNUM  SAMPLE_ALPHA SAMPLE_DIGITS
#define SAMPLE_BASE64 SAMPLE_ALNUM "+/"
#define SAMPLE_TOKEN  SAMPLE_ALNUM SAMPLE_ALNUM SAMPLE_ALNUM "-_"

/* n characters of an alphabet and a NUL, always the same for a seed. */
static inline void sample_random(char *ret, size_t n, const char *alphabet, unsigned seed) {
    uint64_t x = 0x9e3779b97f4a7c15u * (seed + 1u);
    size_t m = strlen(alphabet);
    for (size_t i = 0; i < n; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        ret[i] = alphabet[(x >> 20) % m];
    }
    ret[n] = '\0';
}

/* In a pattern <c:n> stands for n characters: h hex, d digits, b base32, a letters, w letters and digits, s base64, t also
 * '-' and '_'. The text before the first of them is never a secret by itself. */
struct sample {
    const char *rule, *pattern;
    size_t least; /* how many random characters it takes; 0: not checked */
    bool start;   /* is not found as part of a longer word */
};

static const struct sample SAMPLES[] = {
    {"github-pat", "ghp_<w:36>", 36, true},
    {"aws-key-id", "AK\x49\x41<b:16>", 16, true},
    {"aws-key-id", "AS\x49\x41<b:16>", 16, true},
    {"github-oauth", "gho_<w:36>", 36, true},
    {"github-app", "ghu_<w:36>", 36, true},
    {"github-app", "ghs_<w:36>", 36, true},
    {"github-refresh", "ghr_<w:36>", 36, true},
    {"github-fine-grained", "github_pat_<w:22>_<w:59>", 0, true},
    {"gitlab-pat", "glpat-<w:20>", 20, true},
    {"gitlab-trigger", "glptt-<h:40>", 40, true},
    {"gitlab-runner", "GR1348941<w:20>", 20, true},
    {"gitlab-runner", "glrt-<w:20>", 20, true},
    {"gitlab-deploy", "gldt-<w:20>", 20, true},
    {"gitlab-job", "glcbt-<w:20>", 20, true},
    {"anthropic-key", "sk-ant-api03-<t:93>AA", 0, true},
    {"anthropic-key", "sk-ant-admin01-<t:93>AA", 0, true},
    {"anthropic-key", "sk-ant-<w:20>", 20, true},
    {"openai-key", "sk-proj-<t:74>T3BlbkFJ<t:74>", 0, true},
    {"openai-key", "sk-svcacct-<t:58>T3BlbkFJ<t:58>", 0, true},
    {"openai-key", "sk-<w:20>T3BlbkFJ<w:20>", 0, true},
    {"sk-key", "sk-<w:32>", 20, true},
    {"sk-key", "sk-or-v1-<h:64>", 0, true},
    {"huggingface-token", "hf_<a:34>", 34, true},
    {"huggingface-token", "api_org_<a:34>", 34, true},
    {"slack-token", "xoxb-<d:11>-<d:12>-<w:24>", 0, true},
    {"slack-token", "xoxp-<d:11>-<d:11>-<d:12>-<h:32>", 0, true},
    {"slack-token", "xoxe.xoxb-1-<w:140>", 0, false},
    {"slack-token", "xapp-1-A<w:10>-<d:13>-<h:64>", 0, true},
    {"google-api-key", "AIza<t:35>", 35, true},
    {"google-oauth", "ya29.<t:60>", 20, true},
    {"google-client-secret", "GOCSPX-<w:28>", 20, true},
    {"npm-token", "npm_<w:36>", 36, true},
    {"pypi-token", "pypi-AgEIcHlwaS5vcmc<t:80>", 50, true},
    {"stripe-key", "sk_live_<w:24>", 10, true},
    {"stripe-key", "rk_test_<w:99>", 10, true},
    {"stripe-key", "sk_prod_<w:24>", 10, true},
    {"stripe-webhook", "whsec_<w:32>", 24, true},
    {"sendgrid-key", "SG.<w:22>.<w:43>", 0, true},
    {"twilio-key", "SK<h:32>", 32, true},
    {"digitalocean-token", "dop_v1_<h:64>", 64, true},
    {"digitalocean-token", "doo_v1_<h:64>", 64, true},
    {"digitalocean-token", "dor_v1_<h:64>", 64, true},
    {"databricks-token", "dapi<h:32>", 32, true},
    {"shopify-token", "shpat_<h:32>", 32, true},
    {"shopify-token", "shpca_<h:32>", 32, true},
    {"shopify-token", "shppa_<h:32>", 32, true},
    {"shopify-token", "shpss_<h:32>", 32, true},
    {"vault-token", "hvs.<t:95>", 90, true},
    {"vault-token", "hvb.<t:160>", 138, true},
    {"terraform-token", "<w:14>.atlasv1.<t:64>", 0, true},
    {"age-key", "AGE-SECRET-KEY-1<b:58>", 58, true},
    {"signer-key", "PRIVATE+KEY+example.org/log+<h:8>+<w:43>=", 0, false},
    {"private-key", "-----BEGIN PRIVATE KEY-----\n<s:64>\n<s:64>\n-----END PRIVATE KEY-----", 0, false},
    {"jwt", "eyJ<w:33>.eyJ<w:60>.<t:43>", 0, true},
    {"jwt", "eyJhbGci<w:33>.<t:60>.<t:43>.<t:50>.<t:22>", 0, true},
    {"jwt-base64", "ZXlK<w:120>", 60, true},
    {"azure-secret", "abC8Q~<w:32>", 31, true},
    {"telegram-bot", "<d:10>:AA<t:33>", 0, false},
    {"1password-key", "A3-<b:6>-<b:11>-<b:5>-<b:5>-<b:5>", 0, true},
    {"1password-key", "A3-<b:6>-<b:6>-<b:5>-<b:5>-<b:5>-<b:5>", 0, true},
    {"1password-token", "ops_eyJ<w:250>", 60, true},
    {"notion-token", "ntn_<w:46>", 40, true},
    {"linear-key", "lin_api_<w:40>", 40, true},
    {"perplexity-key", "pplx-<w:48>", 48, true},
    {"groq-key", "gsk_<w:52>", 40, true},
    {"xai-key", "xai-<w:80>", 70, true},
    {"replicate-token", "r8_<w:37>", 37, true},
    {"nvidia-key", "nvapi-<t:64>", 60, true},
    {"langsmith-key", "lsv2_pt_<h:32>_<h:10>", 0, true},
    {"tavily-key", "tvly-<w:32>", 32, true},
    {"pinecone-key", "pcsk_<w:6>_<w:63>", 0, true},
    {"grafana-token", "glsa_<w:32>_<h:8>", 0, true},
    {"grafana-token", "glc_<s:60>", 32, true},
    {"sentry-token", "sntrys_<w:100>", 60, true},
    {"sentry-token", "sntryu_<h:64>", 64, true},
    {"doppler-token", "dp.pt.<w:43>", 40, true},
    {"fly-token", "fo1_<t:43>", 43, true},
    {"fly-token", "fm1r_<s:120>", 0, true},
    {"fly-token", "fm2_<s:120>", 100, true},
    {"tailscale-key", "tskey-auth-<w:12>-<w:32>", 0, true},
    {"docker-token", "dckr_pat_<t:27>", 0, true},
};

static inline size_t sample_count(void) {
    return COUNT(SAMPLES);
}

/* Writes the secret and a NUL, returns its length. */
static inline size_t sample_make(size_t i, unsigned seed, char ret[SAMPLE_MAX]) {
    static const struct {
        char name;
        const char *alphabet;
    } kinds[] = {{'h', SAMPLE_HEX},   {'d', SAMPLE_DIGITS}, {'b', SAMPLE_BASE32}, {'a', SAMPLE_ALPHA},
                 {'w', SAMPLE_ALNUM}, {'s', SAMPLE_BASE64}, {'t', SAMPLE_TOKEN}};
    size_t n = 0;
    for (const char *p = SAMPLES[i].pattern; *p != '\0'; p++) {
        if (*p != '<') {
            ret[n++] = *p;
            continue;
        }
        size_t kind = 0, m = strtoul(p + 3, NULL, 10);
        while (kind < COUNT(kinds) && kinds[kind].name != p[1]) {
            kind++;
        }
        assert_true(kind < COUNT(kinds) && n + m + 1 < SAMPLE_MAX);
        sample_random(ret + n, m, kinds[kind].alphabet, seed * 31 + (unsigned)n);
        n += m;
        p = strchr(p, '>');
        assert_non_null(p);
    }
    ret[n] = '\0';
    return n;
}

/* Ordinary text of many kinds, none of it secret. */
static const char *const TEXTS[] = {
    "The ledger keeps what happened on this machine: packages that came and went, models that were asked, and what they "
    "answered. Nobody has to trust the operator's word for it, because each record is bound to the one before. A password "
    "is never written down; where a token or a secret was found in a text, a mark stands in its place. The author of a "
    "change signs it with a key of their own. Reset your password under Settings > Account, then sign in again with the "
    "new credentials. The bearer of this document may enter; cookies are served at 5 o'clock.",
    "Das Verzeichnis h\xc3\xa4lt fest, was auf diesem Rechner geschah: welche Pakete kamen und gingen, welche Modelle "
    "gefragt wurden "
    "und was sie antworteten. Niemand muss dem Betreiber glauben, denn jeder Eintrag ist an den vorigen gebunden. Ein "
    "Kennwort "
    "wird nie aufgeschrieben; wo ein Geheimnis in einem Text gefunden wurde, steht ein Zeichen an seiner Stelle. Jede Rede "
    "des "
    "Verfassers tr\xc3\xa4gt seine Unterschrift. Das Passwort: bitte bei Frau M\xc3\xbcller-L\xc3\xbc"
    "denscheidt erfragen, Zimmer 4.17, werktags "
    "von 8:30 bis 11:45 Uhr. Sekret\xc3\xa4rinnen und Authentizit\xc3\xa4t sind deutsche W\xc3\xb6rter.",
    "2026-03-01 07:14:22 startup archives unpack\n"
    "2026-03-01 07:14:22 install libsecret-common:all <none> 0.20.5-3\n"
    "2026-03-01 07:14:22 status half-installed libsecret-1-0:amd64 0.20.5-3\n"
    "2026-03-01 07:14:23 upgrade gnome-keyring:amd64 42.1-1+b2 43.0-1~deb12u1\n"
    "2026-03-01 07:14:23 status unpacked libpam-gnome-keyring:amd64 43.0-1\n"
    "2026-03-01 07:14:24 configure passwd:amd64 1:4.13+dfsg1-1+b1 <none>\n"
    "2026-03-01 07:14:24 status installed base-passwd:amd64 3.6.1\n"
    "2026-03-01 07:14:25 trigproc libc-bin:amd64 2.36-9+deb12u10 <none>\n"
    "2026-03-01 07:14:25 install nvidia-open-kernel-dkms:amd64 <none> 535.183.01-1~deb12u1\n"
    "2026-03-01 07:14:26 status installed python3-sklearn-lib:amd64 1.2.1+dfsg-1\n"
    "2026-03-01 07:14:26 status installed apache2-utils:amd64 2.4.62-1~deb12u2\n",
    "{\"models\":[{\"name\":\"qwen2.5-coder:32b-instruct-q4_K_M\",\"model\":\"qwen2.5-coder:32b-instruct-q4_K_M\","
    "\"modified_at\":"
    "\"2026-01-18T09:41:07.123456789+01:00\",\"size\":19851349856,\"digest\":"
    "\"4bd6cbf2d094264457a17aab6bd6acd1ed7a72fb8f8be3cfb193f63c78dd56df\",\"details\":{\"parent_model\":\"\",\"format\":"
    "\"gguf\","
    "\"family\":\"qwen2\",\"families\":[\"qwen2\"],\"parameter_size\":\"32.8B\",\"quantization_level\":\"Q4_K_M\"},\"model_"
    "info\":{"
    "\"general.architecture\":\"qwen2\",\"tokenizer.ggml.bos_token_id\":151643,\"tokenizer.ggml.eos_token_id\":151645,"
    "\"tokenizer.ggml.model\":\"gpt2\",\"tokenizer.ggml.add_bos_token\":false,\"tokenizer.ggml.pre\":\"qwen2\"}}]}",
    "{\"id\":\"chatcmpl-9f2c1d7e4b\",\"object\":\"chat.completion\",\"created\":1768725667,\"model\":\"meta-llama/"
    "Llama-3.3-70B-Instruct\","
    "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"Use `getpass` to read the password: it "
    "does not echo.\"},"
    "\"logprobs\":{\"content\":[{\"token\":\" "
    "H3llo\",\"logprob\":-0.0312,\"bytes\":[72,51]},{\"token\":\"\\n\\n\",\"logprob\":-1.5}]},"
    "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1234567,\"completion_tokens\":98765,\"total_tokens\":"
    "1333332,"
    "\"completion_tokens_details\":{\"reasoning_tokens\":512000}},\"system_fingerprint\":\"fp_44709d6fcb\",\"service_"
    "tier\":\"default\"}",
    "example.org/ledger\n4711\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "\xe2\x80\x94 example.org/ledger "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n"
    "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8\n"
    "log example.org/secret-ledger+9d2f4a61+AW1uZXJhbHM5c2VjcmV0bGVkZ2VyMDEyMzQ1Njc4OWFi https://log.example.org/\n",
    "commit 1f3870be274f6c49b3e31a0c6728957f86a9c1c2\nAuthor: A. Example <a@example.org>\nDate:   Sun Mar 1 07:14:22 2026 "
    "+0100\n\n"
    "    auth: rotate the session token after login (#4711)\n\n    Co-authored-by: B. Example <b@example.org>\n"
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
    "d41d8cd98f00b204e9800998ecf8427e  secret_test.c\n550e8400-e29b-41d4-a716-446655440000 "
    "f47ac10b-58cc-4372-a567-0e02b2c3d479\n"
    "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg== integrity of "
    "auth-token-1.2.3.tgz\n",
    "static int check_token(struct lexer *lex, const char *token, size_t n) {\n    if (token[0] == '\"' && n >= 2) {\n"
    "        return lex->accept(lex, TOKEN_STRING, token + 1, n - 2);\n    }\n    secret_t *secret = "
    "secret_new(SECRET_LEN32);\n"
    "    const char *password = getenv(\"DB_PASSWORD\");\n    int rc = db_open(\"postgres://localhost:5432/app\", user, "
    "password);\n"
    "    return rc == 0 ? TOKEN_OK : -EACCES; /* see https://example.org/wiki/Auth#Tokens-2 */\n}\n",
    "class Client:\n    def __init__(self, api_key: str | None = None, token: Optional[str] = None, timeout: float = "
    "30.0):\n"
    "        self.api_key = api_key or os.environ.get(\"OPENAI_API_KEY\")\n        self.session_token = token\n"
    "        headers = {\"Authorization\": f\"Bearer {self.api_key}\", \"X-Api-Key\": self.api_key}\n"
    "        if not api_key: raise ValueError(\"api_key: must not be empty, see the docs\")\n"
    "        tokenizer = AutoTokenizer.from_pretrained(\"mistralai/Mistral-7B-Instruct-v0.3\", use_auth_token=True)\n",
    "GET /v1/models?limit=20&after=model_7b HTTP/1.1\r\nHost: 127.0.0.1:11434\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n"
    "Content-Type: application/json; charset=utf-8\r\nX-Request-Id: 01J9ZQ4Q3W9X7V5T3R1P0N8M6K\r\nETag: "
    "W/\"5f3-18c2a9d7b40\"\r\n"
    "WWW-Authenticate: Bearer realm=\"example\", error=\"invalid_token\"\r\nVary: Cookie, Authorization\r\n\r\n",
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db-credentials\n  namespace: team-7\ntype: Opaque\n---\nenv:\n"
    "  - name: DB_PASSWORD\n    valueFrom:\n      secretKeyRef:\n        name: db-credentials\n        key: password\n"
    "automountServiceAccountToken: false\nimage: registry.example.org/team/app@sha256:"
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n",
    "Mar  1 07:14:22 host sshd[4711]: Failed password for invalid user admin from 192.0.2.17 port 50022 ssh2\n"
    "Mar  1 07:14:23 host sshd[4711]: Accepted publickey for anna from 2001:db8::17 port 50023 ssh2: ED25519 "
    "SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8\n"
    "Mar  1 07:14:24 host systemd[1]: Started systemd-ask-password-wall.path - Forward Password Requests to Wall Directory "
    "Watch.\n"
    "Mar  1 07:14:25 host kernel: [    1.234567] Key type asymmetric registered, x509 cert 'Debian Secure Boot CA: "
    "6ccece7e4c6c0d1f6149f3dd27dfcc5cbb419ea1'\n",
};

static inline size_t sample_text_count(void) {
    return COUNT(TEXTS);
}

/* ---- tools -------------------------------------------------------------------------------------------------------- */

/* All hits in a copy of the text of its exact size, so that the sanitizer detects a read past the end. */
static inline size_t hits_of(const char *text, size_t n, struct secret_hit *ret, size_t max) {
    uint8_t *copy = malloc(n + 1);
    assert_non_null(copy);
    memcpy(copy + 1, text, n);
    size_t at = 0, count = 0;
    struct secret_hit hit;
    while (secret_next((struct bytes){copy + 1, n}, at, &hit) == 0) {
        assert_true(hit.at >= at && hit.n > 0 && hit.n <= n - hit.at);
        at = hit.at + hit.n;
        if (count < max) {
            ret[count] = hit;
        }
        count++;
    }
    free(copy);
    return count;
}

static inline void expect_none(const char *text, size_t n) {
    struct secret_hit hit;
    if (hits_of(text, n, &hit, 1) != 0) {
        fail_msg("rule %s found '%.*s' in '%.*s'", hit.rule, (int)hit.n, text + hit.at, (int)(n < 200 ? n : 200), text);
    }
}

static inline void expect_one(const char *text, size_t n, const char *rule, size_t at, size_t len) {
    struct secret_hit hit = {"nothing", 0, 0};
    size_t count = hits_of(text, n, &hit, 1);
    if (count != 1 || strcmp(hit.rule, rule) != 0 || hit.at != at || hit.n != len) {
        fail_msg("wanted one hit of %s at %zu+%zu, got %zu, the first of %s at %zu+%zu, in '%.*s'", rule, at, len, count,
                 hit.rule, hit.at, hit.n, (int)(n < 300 ? n : 300), text);
    }
}

static inline void mask_into(struct buf *out, const char *text, size_t n) {
    buf_clear(out);
    secret_mask(out, (struct bytes){(const uint8_t *)text, n});
    assert_int_equal(out->fail, 0);
}

static inline void expect_stable(const char *text, size_t n) {
    struct buf once, twice;
    buf_init(&once, 1 << 22);
    buf_init(&twice, 1 << 22);
    mask_into(&once, text, n);
    mask_into(&twice, (const char *)once.p, once.n);
    if (!bytes_eq(bytes_of_buf(&once), bytes_of_buf(&twice))) {
        fail_msg("masked again '%.*s' becomes '%.*s'", (int)once.n, once.p, (int)twice.n, twice.p);
    }
    buf_done(&once);
    buf_done(&twice);
}

/* `pattern` with `secret` in place of its "@"; returns its offset and the length of the text. */
static inline size_t put_secret(char *text, size_t room, const char *pattern, const char *secret, size_t *ret_at) {
    const char *mark = strchr(pattern, '@');
    assert_non_null(mark);
    *ret_at = (size_t)(mark - pattern);
    return (size_t)snprintf(text, room, "%.*s%s%s", (int)*ret_at, pattern, secret, mark + 1);
}

#endif
