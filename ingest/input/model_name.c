/* Names of models, as servers give them. */
#include "ingest/input/model_name.h"

#include "base/secret/secret.h"
#include "base/text.h"

int model_name_check(struct bytes name, struct err *err) {
    struct secret_hit hit;
    if (name.n == 0) {
        return err_set(err, ERR_INVALID, "a model has no name; expected: text in 'name' or 'model'");
    }
    if (name.n > MODEL_NAME_MAX || text_has_control(name)) {
        return err_set(err, ERR_INVALID,
                       "a model's name '%s' is too long or has control characters; expected: at most %d bytes",
                       SECRET_SHOWN(name), MODEL_NAME_MAX);
    }
    if (secret_next(name, 0, &hit) == 0) {
        return err_set(err, ERR_INVALID, "a model's name holds a secret (rule %s)", hit.rule);
    }
    return 0;
}
