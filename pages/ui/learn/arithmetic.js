// The arithmetic of the convolution playground, as in Keras: Conv2D with one 3x3 filter without bias, and MaxPooling2D.

const KERNEL = 3, POOL = 2;

// Returns the side of the output, and the rows and columns of zeros above and to the left of the image.
function outputOf(side, stride, padding) {
  if (!padding) return { side: Math.floor((side - KERNEL) / stride) + 1, before: 0 };
  const out = Math.ceil(side / stride);
  // If the zeros can't be shared equally, the right and lower edges get more, as in TensorFlow.
  return { side: out, before: Math.floor(Math.max((out - 1) * stride + KERNEL - side, 0) / 2) };
}

// Returns the nine pixels under the kernel at an output position, row by row; 0 outside the image.
function pixelsUnder(image, side, row, column, stride, before) {
  return Array.from({ length: KERNEL * KERNEL }, (_, index) => {
    const y = row * stride - before + Math.floor(index / KERNEL);
    const x = column * stride - before + (index % KERNEL);
    return y < 0 || x < 0 || y >= side || x >= side ? 0 : image[y * side + x];
  });
}

function convolve(image, side, kernel, { stride, padding, relu }) {
  const { side: out, before } = outputOf(side, stride, padding);
  const values = Array.from({ length: out * out }, (_, index) => {
    const pixels = pixelsUnder(image, side, Math.floor(index / out), index % out, stride, before);
    const sum = pixels.reduce((total, pixel, position) => total + pixel * kernel[position], 0);
    return relu ? Math.max(sum, 0) : sum;
  });
  return { values, side: out, before };
}

// Returns the largest of each 2x2 square; a last row or column without a partner is left out.
function maxPool(values, side) {
  const out = Math.floor(side / POOL);
  const pooled = Array.from({ length: out * out }, (_, index) => {
    const first = Math.floor(index / out) * POOL * side + (index % out) * POOL;
    return Math.max(values[first], values[first + 1], values[first + side], values[first + side + 1]);
  });
  return { values: pooled, side: out };
}
