"""The pages of Digit Lab. Each reads like its screen; what it is made of lies in `pages.ui`."""
