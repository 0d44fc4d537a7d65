// Marks what the shared library promises; everything else is built hidden.
#ifndef LAKEGATE_EXPORT_H_
#define LAKEGATE_EXPORT_H_

#define LAKEGATE_EXPORT [[gnu::visibility("default")]]

#endif  // LAKEGATE_EXPORT_H_
