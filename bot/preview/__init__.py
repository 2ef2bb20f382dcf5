"""Every letter in every case, as this installation would write it: samples, and the pages to look at them."""
