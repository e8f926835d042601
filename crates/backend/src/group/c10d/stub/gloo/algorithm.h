// Nothing of it is needed: see the README in this folder's root.
#pragma once
