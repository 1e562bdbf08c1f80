/* Who wrote a message. */
#ifndef CAPTURE_TAP_SIDE_H
#define CAPTURE_TAP_SIDE_H

enum tap_side { TAP_CLIENT, TAP_SERVER };

#endif
