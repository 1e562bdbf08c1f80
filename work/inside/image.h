/* The bytes of the keeper, a static program of its own that this program carries along. */
#ifndef WORK_INSIDE_IMAGE_H
#define WORK_INSIDE_IMAGE_H

#include "base/bytes.h"

/* Static storage. */
struct bytes inside_image(void);

#endif
